// Whatever is thrown becomes plain data.
import { expect, test } from 'vitest';
import { OutflowError } from '../../../src/model/errors.ts';
import { failureOf, TaskError, UnitError } from '../../../src/sdk/internal.ts';

test.each([
  [new Error('no'), { cause: 'exception', message: 'no', stack: expect.any(String) }],
  [new TypeError('no'), { cause: 'exception', message: 'TypeError: no', stack: expect.any(String) }],
  [new Error(''), { cause: 'exception', message: 'an Error without a message', stack: expect.any(String) }],
  ['text', { cause: 'exception', message: 'text' }],
  [undefined, { cause: 'exception', message: 'thrown: undefined' }],
  [{ a: 1 }, { cause: 'exception', message: 'thrown: {"a":1}' }],
  [{ a: 1n }, { cause: 'exception', message: 'thrown: [object Object]' }],
  [new TaskError('timeout', 'took too long'), { cause: 'timeout', message: 'took too long' }],
  [new OutflowError('bad-value', 'no value', { hint: 'another' }), { cause: 'exception', message: 'no value; another' }],
])('%s is told as data', (thrown, failure) => {
  expect(failureOf(thrown)).toEqual(failure);
  expect(failureOf(thrown, 'Step')).toEqual({ ...failure, task: 'Step' });
});

test('the failure of a unit stays what it was', () => {
  const failure = { cause: 'exception', message: 'm', task: 'Inner' } as const;
  expect(failureOf(new UnitError(failure, new Error()), 'Outer')).toEqual(failure);
});
