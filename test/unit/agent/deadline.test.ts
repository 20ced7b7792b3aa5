// What may still be started before the end of an allocation.
import { expect, test } from 'vitest';
import { Deadline } from '../../../agent/deadline.ts';
import { AgentStep } from '../../../agent/units.ts';

function step(timeMs: number, ...measuredMs: number[]): AgentStep {
  const info = { step: 0, id: 's', cpus: 1, map: true, shared: '{}', noOutputs: false, isolate: false, memoryMib: 0, gpus: 0 };
  const made = new AgentStep({ ...info, timeMs }, { slots: 1, memoryMib: 0, limitMib: 0, gpus: 0 });
  for (const ms of measuredMs) made.time.add(ms);
  return made;
}

function deadline(secondsLeft: number): Deadline {
  const made = new Deadline({ endMarginMs: 10_000, nearEndMs: 60_000 });
  made.set(secondsLeft, 0);
  return made;
}

test('without an end nothing is too late', () => {
  const none = deadline(0);
  expect(none.isKnown).toBe(false);
  expect(none.isTooLate(step(1e12), 0, 0)).toBe(false);
  expect(none.isNear(1e12)).toBe(false);
});

test('a unit is too late when it would end after the end, less a margin', () => {
  expect(deadline(100).isTooLate(step(0, 80_000), 0, 0)).toBe(false);
  expect(deadline(100).isTooLate(step(0, 80_000), 0, 10_000)).toBe(true);
  expect(deadline(100).isTooLate(step(0, 90_000), 0, 0)).toBe(true);
});

test('what the user said counts until a unit was measured', () => {
  expect(deadline(100).isTooLate(step(95_000), 0, 0)).toBe(true);
  expect(deadline(100).isTooLate(step(95_000, 5_000), 0, 0)).toBe(false);
});

test('of what was measured the longest counts, and fades', () => {
  expect(deadline(100).isTooLate(step(0, 95_000, 1_000, 1_000), 0, 0)).toBe(true);
  expect(deadline(100).isTooLate(step(0, 95_000, ...Array<number>(100).fill(1_000)), 0, 0)).toBe(false);
});

test('a unit that has been running for long says that they take so long', () =>
  expect(deadline(100).isTooLate(step(0), 91_000, 0)).toBe(true));

test('an unknown step may start until the margin', () => {
  expect(deadline(100).isTooLate(step(0), 0, 89_000)).toBe(false);
  expect(deadline(100).isTooLate(step(0), 0, 90_000)).toBe(true);
  expect(deadline(100).isOver(89_000)).toBe(false);
  expect(deadline(100).isOver(90_000)).toBe(true);
});

test('the last minute is near the end', () => {
  expect(deadline(100).isNear(39_000)).toBe(false);
  expect(deadline(100).isNear(40_000)).toBe(true);
});

test('the end may be moved', () => {
  const moved = deadline(100);
  moved.set(1_000, 50_000);
  expect(moved.isNear(60_000)).toBe(false);
});
