// When a task's timeout counts as passed.
import { stat } from 'node:fs';
import { expect, test } from 'vitest';
import { type Deadline, Deadlines } from '../../../agent/hosts/deadlines.ts';

const deadline = (endsAtMs: number): Deadline => ({ kind: 'deadline', k: 1, id: 1, task: 't', timeoutMs: 1, endsAtMs });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('a deadline that nobody lifted is told', async () => {
  const passed = Promise.withResolvers<Deadline>();
  new Deadlines(passed.resolve).set(deadline(Date.now() + 1));
  expect(await passed.promise).toMatchObject({ k: 1, task: 't' });
});

test('what was said while the agent did not get to read is read before a deadline counts', async () => {
  const told: Deadline[] = [];
  const deadlines = new Deadlines((it) => told.push(it));
  const read = Promise.withResolvers<void>();
  await nextTurn(); // timers come before what can be read now
  deadlines.set(deadline(Date.now() + 1));
  stat('.', () => {
    deadlines.set(deadline(0)); // the task has ended
    read.resolve();
  });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  await read.promise;
  await nextTurn();
  expect(told).toEqual([]);
});
