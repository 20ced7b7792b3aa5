// The allocations that are there when a run ends: which are asked to end, and which are left to end by themselves.
import { beforeEach, expect, test } from 'vitest';
import { Core } from '../../../src/core/core.ts';
import type { Effect } from '../../../src/core/effects.ts';
import type { Event } from '../../../src/core/events.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { planOf, taskStep } from '../../support/plans.ts';

const NEEDS = { cpus: 1, memoryMib: 0, gpus: 0, timeMs: 0 };
const AGENT = { id: 'a', allocation: '1-1.0', host: 'node1', pid: 1, cpus: 1, memoryMib: 0, gpus: 0, job: '7_0', version: '1' };

let core: Core;
const ended = (effects: Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'end-allocations' ? effect.allocations : []));
const apply = (nowMs: number, ...events: Event[]): string[] =>
  [...events, { kind: 'tick' } as const].flatMap((event) => ended(core.apply(event, nowMs)));

/** A run of one task on Slurm, with an agent in allocation 1-1.0. */
beforeEach(() => {
  core = new Core({
    plan: planOf(taskStep('Only')),
    epoch: 1,
    pools: [{ kind: 'local' }, { kind: 'slurm', directives: [], maxAllocations: 2, nodesPerAllocation: 1 }],
    poolOf: () => 1,
    needsOf: () => NEEDS,
    maxRunning: 0,
  });
  core.expectAllocation({ id: '1-1.0', pool: 1, state: 'running', job: '7_0' }, 0);
  core.apply({ kind: 'tick' }, 0);
  core.apply({ kind: 'step-prepared', step: 0, total: 1 }, 0);
  core.apply({ kind: 'agent-connected', session: 1, agent: AGENT, held: [], running: [], finished: [], finishedIn: [] }, 0);
});

test('one whose agent has left ends by itself; only if it does not, it is asked to', () => {
  apply(0, { kind: 'agent-leaving', session: 1, signal: '' });
  apply(0, { kind: 'agent-disconnected', session: 1, heardAtMs: 0 });
  expect(apply(LIMITS.lostAfterMs, { kind: 'cancel-requested', now: true })).toEqual([]);
  expect(apply(LIMITS.lostAfterMs + LIMITS.jobExitMs)).toEqual(['1-1.0']);
});

test('one whose agent has not said hello is asked to end at once', () => {
  core.expectAllocation({ id: '1-1.1', pool: 1, state: 'running', job: '7_1' }, 0);
  expect(apply(0, { kind: 'cancel-requested', now: true })).toEqual(['1-1.1']);
});
