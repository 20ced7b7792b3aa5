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

test('what is behind an error is told with it: its causes, and those of the errors that it gathers', () => {
  const refused = new AggregateError([new Error('no IPv6'), new RangeError('no IPv4')], '');
  const { message, stack } = failureOf(new TypeError('fetch failed', { cause: refused }));
  const behind = ['caused by AggregateError', 'caused by no IPv6', 'caused by RangeError: no IPv4'];
  expect(message.split('\n')).toEqual(['TypeError: fetch failed', ...behind]);
  expect(stack?.split('\n').filter((line) => line.startsWith('caused by'))).toEqual(behind);
});

test('a cause that leads back to its error ends', () => {
  const first = new Error('first');
  first.cause = new Error('second', { cause: first });
  expect(failureOf(first).message).toBe('first\ncaused by second\ncaused by first');
});
