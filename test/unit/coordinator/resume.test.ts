// What a new holder of a run makes of what it finds in the store.
import { expect, test } from 'vitest';
import { expectAgents, restoredSteps } from '../../../src/coordinator/resume.ts';
import { Core } from '../../../src/core/core.ts';
import type { CoreOptions } from '../../../src/core/state.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Store } from '../../../src/store/store.ts';
import type { AgentRow, LoadedRun, StepRow } from '../../../src/store/types.ts';
import { mapStep, planOf, taskStep } from '../../support/plans.ts';

const row: AgentRow = {
  id: 'a',
  allocation: '1-1.0',
  host: 'h',
  pid: 1,
  cpus: 2,
  version: '1',
  state: 'connected',
  atMs: 0,
};

/** Of the second holder of a run on one machine. */
function newCore(plan: Plan, restored: CoreOptions['restored'] = new Map()): Core {
  const needs = { cpus: 1, memoryMib: 0, gpus: 0, timeMs: 0 };
  return new Core({
    ...{ plan, restored },
    epoch: 2,
    pools: [{ kind: 'local' }],
    poolOf: () => 0,
    needsOf: () => needs,
    maxRunning: 0,
  });
}

test.each<[string, Partial<AgentRow>]>([
  ['was started by hand', { allocation: '' }],
  ['was taken for lost', { state: 'lost' }],
  ['was let go', { state: 'left' }],
  ['is of an allocation that has ended', { allocation: 'ended' }],
])('the reports of an agent that %s go on where they stood', (_what, differs) => {
  const core = newCore(planOf(mapStep('map', 'Gen', { inputs: [], after: [] })));
  const agent = { ...row, ...differs };
  const loaded = { agents: [agent], agentReports: [{ agent: 'a', seq: 5 }] } as Partial<LoadedRun> as LoadedRun;
  expectAgents(core, loaded, (allocation) => allocation === row.allocation);
  core.apply({ kind: 'tick' }, 0);
  core.apply({ kind: 'step-prepared', step: 0, total: 3 }, 0);

  const info = { ...agent, memoryMib: 0, gpus: 0, job: '' };
  const held = { step: 0, index: 1, epoch: 1, n: 9 };
  const hello = { agent: info, held: [], running: [], finished: [held], finishedIn: [6] };
  expect(core.apply({ kind: 'agent-connected', session: 1, ...hello }, 0)).toContainEqual({
    kind: 'welcome',
    session: 1,
    reportSeq: 5,
  });
  const done = { step: 0, epoch: 1, n: [9], index: [1], startedAtMs: [0], durationMs: [0], output: ['[{}]'] };
  const effects = core.apply({ kind: 'report', session: 1, seq: 6, succeeded: [done], failed: [], returned: [] }, 0);
  expect(effects.map(({ kind }) => kind)).toEqual(['accept-report', 'store-units', 'ack']);
});

test('a step that failed under an earlier holder is why the run fails', async () => {
  const failure = { cause: 'exception', message: 'First: boom' } as const;
  const plan = planOf(taskStep('First'), taskStep('Second'));
  const failed: StepRow = { step: 0, state: 'failed', atMs: 0, total: 1, outputs: null, failure };
  const loaded = { steps: [failed], settled: [], attempts: [], failures: [] } as Partial<LoadedRun> as LoadedRun;
  const core = newCore(plan, await restoredSteps({} as Store, loaded, plan));
  core.apply({ kind: 'tick' }, 0);
  core.apply({ kind: 'step-unprepared', step: 1, failure: { cause: 'invalid-input', message: 'later' } }, 0);
  expect(core.apply({ kind: 'tick' }, 0)).toContainEqual({ kind: 'run-ended', state: 'failed', failure });
});

test('a step that was being stopped fails for the unit that failed, not for those that were aborted with it', async () => {
  const plan = planOf(mapStep('map', 'Gen', { inputs: [], after: [], onFailure: 'abort' }));
  const begun: StepRow = { step: 0, state: 'running', atMs: 0, total: 4, outputs: null, failure: null };
  const loaded = {
    steps: [begun],
    settled: [
      { step: 0, state: 'aborted', from: 0, to: 1 },
      { step: 0, state: 'failed', from: 3, to: 4 },
    ],
    attempts: [],
    failures: [
      { step: 0, index: 0, failure: { cause: 'cancelled', message: 'cancelled' } },
      { step: 0, index: 3, failure: { cause: 'exception', message: 'boom' } },
    ],
  } as Partial<LoadedRun> as LoadedRun;
  const core = newCore(plan, await restoredSteps({} as Store, loaded, plan));
  core.apply({ kind: 'tick' }, 0);
  expect(core.apply({ kind: 'step-prepared', step: 0, total: 4 }, 0)).toContainEqual(
    expect.objectContaining({
      kind: 'store-step',
      state: 'failed',
      failure: { cause: 'exception', message: 'map: 1 of 4 elements failed (3); map/3: boom' },
    }),
  );
});
