// The environment of tasks that run in one unit at the same time.
import { afterEach, expect, test } from 'vitest';
import { Surroundings } from '../../../agent/host/surroundings.ts';

const NAME = 'OUTFLOW_TEST_OF_TASKS';

afterEach(() => {
  delete process.env[NAME];
});

test("a task's variables stay until it ends, though another one with the same ends before", () => {
  const surroundings = new Surroundings();
  const [endFirst, endSecond] = [1, 2].map(() => surroundings.useVariables({ [NAME]: 'same' }));
  endFirst!();
  expect(process.env[NAME]).toBe('same');
  endSecond!();
  expect(process.env[NAME]).toBe(undefined);
});

test('when the last of several tasks ends, all is as it was before the first', () => {
  process.env[NAME] = 'outside';
  const surroundings = new Surroundings();
  const [endFirst, endSecond, endThird] = ['a', 'b', 'c'].map((value) => surroundings.useVariables({ [NAME]: value }));
  endThird!();
  expect(process.env[NAME]).toBe('b');
  endFirst!();
  expect(process.env[NAME]).toBe('b');
  endSecond!();
  expect(process.env[NAME]).toBe('outside');
});
