// What a new holder of a run makes of the agents that it finds in the store.
import { expect, test } from 'vitest';
import { expectAgents } from '../../../src/coordinator/resume.ts';
import { Core } from '../../../src/core/core.ts';
import type { AgentRow, LoadedRun } from '../../../src/store/types.ts';
import { mapStep, planOf } from '../../support/plans.ts';

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

test.each<[string, Partial<AgentRow>]>([
  ['was started by hand', { allocation: '' }],
  ['was taken for lost', { state: 'lost' }],
  ['was let go', { state: 'left' }],
  ['is of an allocation that has ended', { allocation: 'ended' }],
])('the reports of an agent that %s go on where they stood', (_what, differs) => {
  const core = new Core({
    plan: planOf(mapStep('map', 'Gen', { inputs: [], after: [] })),
    epoch: 2,
    pools: [{ kind: 'local' }],
    poolOf: () => 0,
    needsOf: () => ({ cpus: 1, memoryMib: 0, gpus: 0, timeMs: 0 }),
    maxRunning: 0,
  });
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
