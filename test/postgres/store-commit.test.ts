// What a commit promises: all or nothing, only by the holder, once however often it is repeated, whatever it holds.
import { expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import type { Store } from '../../src/store/store.ts';
import type { CommitBatch, LogRow, UnitBatch } from '../../src/store/types.ts';
import { acceptRun, collect, testStore } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const opened = testStore();
const HOLDER = { host: 'here', pid: 1, address: 'unix:/x' };

async function heldRun(): Promise<{ store: Store; run: string }> {
  const { store } = opened;
  const run = await acceptRun(store);
  expect(await store.takeRun(run, HOLDER, 60_000)).toEqual({ kind: 'taken', epoch: 1 });
  return { store, run };
}

function units(step: number, outputs: (string | null)[], changes: Partial<UnitBatch> = {}): UnitBatch {
  const all = <T>(value: T) => outputs.map(() => value);
  return {
    step,
    state: 'succeeded',
    agent: 'agent-1',
    index: outputs.map((_, i) => i),
    attempt: all(1),
    startedAtMs: all(1_700_000_000_000),
    durationMs: all(3),
    output: outputs,
    failure: all(null),
    ...changes,
  };
}

const line = (text: string, changes: Partial<LogRow> = {}): LogRow => ({
  step: 0,
  index: 0,
  attempt: 1,
  seq: 1,
  atMs: 5,
  stream: 'stdout',
  level: 'info',
  text,
  ...changes,
});

async function outputsOf(store: Store, run: string, step: number) {
  const pages = await collect(store.unitOutputs(run, step));
  return pages.flat();
}

test('a batch is stored as a whole, and read back as it was', async () => {
  const { store, run } = await heldRun();
  const failure = { cause: 'exception', message: 'no' } as const;
  const cutOff = { cause: 'walltime', message: 'its time was over', hadWholeTime: true } as const;
  const batch: CommitBatch = {
    commitId: 1,
    units: [
      units(0, ['{"a":1}', '"ü 😀"', null]),
      units(0, [null], { index: [7], state: 'failed', agent: null, failure: [JSON.stringify(failure)] }),
    ],
    attempts: [
      { step: 0, index: 9, attempt: 1, agent: 'agent-2', endedAtMs: 5, failure: cutOff, loss: true },
      { step: 0, index: 9, attempt: 2, agent: 'agent-2', endedAtMs: 6, failure, loss: true },
    ],
    logs: [line('one'), line('two', { step: null, index: null, attempt: null, stream: 'system', level: 'warn', seq: 2 })],
    steps: [
      { step: 0, state: 'running', atMs: 1, total: 10, outputs: null, failure: null },
      { step: 0, state: 'failed', atMs: 2, total: 10, outputs: '{"x":1}', failure },
    ],
    agentReports: [{ agent: 'agent-1', seq: 4 }],
    agents: [{ id: 'agent-1', allocation: 'a', host: 'h', pid: 5, cpus: 2, version: '1', state: 'connected', atMs: 1 }],
    allocations: [{ id: 'a', provider: 'local', state: 'running', detail: { pid: 5 }, atMs: 1 }],
  };
  expect(await store.commit(run, 1, batch)).toBe('committed');

  expect(await outputsOf(store, run, 0)).toEqual([
    { index: 0, output: '{"a":1}', failure: null },
    { index: 1, output: '"ü 😀"', failure: null },
    { index: 2, output: null, failure: null },
    { index: 7, output: null, failure: JSON.stringify(failure) },
  ]);
  const loaded = await store.loadRun(run, 1);
  expect(loaded.steps).toEqual([batch.steps?.[1]]);
  expect(loaded.settled).toEqual([
    { step: 0, state: 'succeeded', from: 0, to: 3 },
    { step: 0, state: 'failed', from: 7, to: 8 },
  ]);
  expect(loaded.attempts).toEqual([{ step: 0, index: 9, attempts: 2, failures: 0, losses: 2, cutOffs: 1, lastFailure: failure }]);
  expect(loaded.failures).toEqual([{ step: 0, index: 7, failure }]);
  expect(loaded.agents).toEqual(batch.agents);
  expect(loaded.agentReports).toEqual(batch.agentReports);
  expect(loaded.allocations).toEqual(batch.allocations);
  const logs = await store.logs({ run, limit: 10 });
  expect(logs).toEqual([
    { ...batch.logs?.[0], id: 1 },
    { ...batch.logs?.[1], id: 2 },
  ]);
  expect(await store.units(run, 0, { limit: 10, state: 'failed' })).toEqual([
    {
      step: 0,
      index: 7,
      state: 'failed',
      attempt: 1,
      agent: null,
      startedAtMs: 1_700_000_000_000,
      durationMs: 3,
      output: null,
      failure,
    },
  ]);
  expect(await store.stepSummaries(run)).toEqual([
    { ...batch.steps?.[1], succeeded: 3, failed: 1, other: 0, firstStartedAtMs: 1_700_000_000_000 },
  ]);
});

test('a step that ends while it is asked for is told with all of its units', async () => {
  const { store, run } = await heldRun();
  const told = await withClient(opened.url, async (client) => {
    await client.query('begin; lock table outflow.step_event');
    const asked = store.stepSummaries(run);
    const waiting = 'select from pg_locks join pg_database on oid = database where not granted and datname = current_database()';
    await until(async () => (await client.query(waiting)).rowCount === 1);
    const key = 'select key from outflow.run where id = $1';
    await client.query(`insert into outflow.unit select 0, 0, (${key}), 0, 0, 1, 0, 's', ''`, [run]);
    await client.query(`insert into outflow.step_event (run, step, at_ms, state) select (${key}), 0, 0, 'succeeded'`, [run]);
    await client.query('commit');
    return await asked;
  });
  expect(told).toMatchObject([{ state: 'succeeded', succeeded: 1 }]);
});

test('a batch that is repeated changes nothing', async () => {
  const { store, run } = await heldRun();
  const batch: CommitBatch = { commitId: 1, units: [units(0, ['1', '2'])], logs: [line('once')] };
  for (let i = 0; i < 3; i++) expect(await store.commit(run, 1, batch)).toBe('committed');
  expect(await store.logs({ run, limit: 10 })).toHaveLength(1);
  expect(await outputsOf(store, run, 0)).toHaveLength(2);
});

test('a holder that was taken over writes nothing more, and is told so', async () => {
  const { store, run } = await heldRun();
  await store.releaseLease(run, 1);
  expect(await store.takeRun(run, HOLDER, 60_000)).toEqual({ kind: 'taken', epoch: 2 });
  expect(await store.commit(run, 1, { commitId: 1, units: [units(0, ['1'])], logs: [line('late')] })).toBe('fenced');
  expect(await store.renewLease(run, 1, 60_000)).toBe(false);
  expect(await outputsOf(store, run, 0)).toEqual([]);
  expect(await store.logs({ run, limit: 10 })).toEqual([]);
  expect(await store.commit(run, 2, { commitId: 1, units: [units(0, ['2'])] })).toBe('committed');
});

test('a unit that had settled keeps its first output, and the rest of the batch is stored', async () => {
  const { store, run } = await heldRun();
  await store.commit(run, 1, { commitId: 1, units: [units(0, ['"first"'])] });
  expect(await store.commit(run, 1, { commitId: 2, units: [units(0, ['"second"', '"other"'])] })).toBe('committed');
  expect((await outputsOf(store, run, 0)).map(({ output }) => output)).toEqual(['"first"', '"other"']);
});

test('commits take effect in the order of their calls', async () => {
  const { store, run } = await heldRun();
  const commits = Array.from({ length: 20 }, (_, i) =>
    store.commit(run, 1, { commitId: i + 1, logs: [line(String(i), { seq: i })] }),
  );
  expect(new Set(await Promise.all(commits))).toEqual(new Set(['committed']));
  const logs = await store.logs({ run, limit: 100 });
  expect(logs.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
});

test('no text can make a commit fail: NUL, lone surrogates, separators, quotes, 3 MB', async () => {
  const { store, run } = await heldRun();
  const nasty = [
    'a\0b',
    '\ud800x',
    'x\udfff',
    '\x1e',
    '\x1f',
    "'; drop table outflow.unit; --",
    '\\',
    '{"a,b"}',
    'NULL',
    '',
    '\u2028',
    '😀'.repeat(750_000),
  ];
  const failure = { cause: 'exception', message: nasty.join('') } as const;
  const outcome = await store.commit(run, 1, {
    commitId: 1,
    units: [
      units(
        0,
        nasty.map((text) => JSON.stringify(text)),
      ),
      units(1, nasty), // not even JSON
      units(
        2,
        nasty.map(() => null),
        { state: 'failed', failure: nasty },
      ),
    ],
    logs: nasty.map((text, seq) => line(text, { seq })),
    attempts: [{ step: 0, index: 99, attempt: 1, agent: 'a\0', endedAtMs: Number.NaN, failure, loss: null }],
    end: { state: 'failed', failure },
  });
  expect(outcome).toBe('committed');
  expect((await outputsOf(store, run, 0)).map(({ output }) => JSON.parse(output as string))).toEqual(nasty);
  const logs = await store.logs({ run, limit: 100 });
  expect(logs.map(({ text }) => text)).toEqual(nasty.map((text) => text.toWellFormed().replaceAll('\0', '\uFFFD')));
  expect((await store.findRun(run)).failure).toEqual(failure);
});

test('fractions and missing times are no reason to fail', async () => {
  const { store, run } = await heldRun();
  const odd = units(0, ['1', '2'], { startedAtMs: [1.5, Number.NaN], durationMs: [0.4, Number.POSITIVE_INFINITY] });
  expect(await store.commit(run, 1, { commitId: 1, units: [odd] })).toBe('committed');
  const stored = await store.units(run, 0, { limit: 2 });
  expect(stored.map(({ startedAtMs, durationMs }) => [startedAtMs, durationMs])).toEqual([
    [2, 0],
    [0, Number.MAX_SAFE_INTEGER],
  ]);
});

test('a batch of more text than a statement carries is still one transaction', async () => {
  const { store, run } = await heldRun();
  const megabyte = JSON.stringify('x'.repeat(1024 * 1024));
  const outputs = Array.from({ length: 40 }, () => megabyte);
  const logs = Array.from({ length: 1_500 }, (_, seq) => line('y'.repeat(16 * 1024), { seq }));
  expect(await store.commit(run, 1, { commitId: 1, units: [units(0, outputs)], logs })).toBe('committed');
  const stored = await outputsOf(store, run, 0);
  expect(stored.map(({ index }) => index)).toEqual(outputs.map((_, i) => i));
  expect(stored.every(({ output }) => output === megabyte)).toBe(true);
  const ids = (await store.logs({ run, limit: 2_000 })).map(({ id }) => id);
  expect(ids).toEqual(logs.map((_, i) => i + 1));
});

test('outputs come in the order of their indices, with gaps, over many pages', async () => {
  const { store, run } = await heldRun();
  const index = Array.from({ length: 6_000 }, (_, i) => i * 3);
  const batch = units(0, index.map(String), { index: index.toReversed(), output: index.toReversed().map(String) });
  await store.commit(run, 1, { commitId: 1, units: [batch] });
  const stored = await outputsOf(store, run, 0);
  expect(stored.map((unit) => unit.index)).toEqual(index);
  expect(stored.every((unit) => unit.output === String(unit.index))).toBe(true);
  expect(await store.unitOutput(run, 0, 9)).toBe('9');
  expect(await store.unitOutput(run, 0, 10)).toBeNull();
});

test('settled units load as ranges, by state, with holes and blocks under way', async () => {
  const { store, run } = await heldRun();
  const batch = (state: UnitBatch['state'], index: number[]) =>
    units(
      3,
      index.map(() => null),
      { state, index },
    );
  const from = (start: number, to: number) => Array.from({ length: to - start }, (_, i) => start + i);
  await store.commit(run, 1, {
    commitId: 1,
    units: [
      batch('succeeded', [...from(0, 1_000), ...from(1_003, 2_000), 5_000]),
      batch('failed', [1_001, 1_002]),
      batch('aborted', [2_000, 2_001, 4_999]),
    ],
  });
  const { settled } = await store.loadRun(run, 1);
  expect(settled.toSorted((a, b) => a.from - b.from)).toEqual([
    { step: 3, state: 'succeeded', from: 0, to: 1_000 },
    { step: 3, state: 'failed', from: 1_001, to: 1_003 },
    { step: 3, state: 'succeeded', from: 1_003, to: 2_000 },
    { step: 3, state: 'aborted', from: 2_000, to: 2_002 },
    { step: 3, state: 'aborted', from: 4_999, to: 5_000 },
    { step: 3, state: 'succeeded', from: 5_000, to: 5_001 },
  ]);
});
