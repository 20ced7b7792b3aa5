// Log lines are read on from an id, and chosen by step, unit, time, failure and regular expression.
import { beforeAll, expect, test } from 'vitest';
import type { LogRow } from '../../src/store/types.ts';
import { acceptRun, testStore } from '../support/postgres.ts';

const opened = testStore();
let run: string;

const line = (seq: number, text: string, changes: Partial<LogRow> = {}): LogRow => ({
  step: 1,
  index: 0,
  attempt: 1,
  seq,
  atMs: 1_000 + seq,
  stream: 'stdout',
  level: 'info',
  text,
  ...changes,
});

beforeAll(async () => {
  const { store } = opened;
  run = await acceptRun(store);
  await store.takeRun(run, { host: 'h', pid: 1, address: 'a' }, 60_000);
  await store.commit(run, 1, {
    commitId: 1,
    logs: [line(0, 'starting'), line(1, 'warning: x=1', { level: 'warn', stream: 'stderr' })],
  });
  await store.commit(run, 1, {
    commitId: 2,
    logs: [
      line(2, 'second unit', { index: 1 }),
      line(3, 'other step', { step: 2 }),
      line(4, 'of the run', { step: null, index: null, attempt: null, stream: 'system' }),
    ],
    units: [
      {
        step: 1,
        state: 'failed',
        agent: null,
        index: [1],
        attempt: [1],
        startedAtMs: [1],
        durationMs: [1],
        output: [null],
        failure: ['{}'],
      },
    ],
  });
});

const textsOf = async (query: object) => (await opened.store.logs({ run, limit: 100, ...query })).map(({ text }) => text);

test('all lines, in commit order, page by page without a gap', async () => {
  const all = await opened.store.logs({ run, limit: 100 });
  expect(all.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  const first = await opened.store.logs({ run, limit: 2 });
  const rest = await opened.store.logs({ run, limit: 100, after: first.at(-1)!.id });
  expect([...first, ...rest]).toEqual(all);
});

test('lines of a step, a unit, a time, failed units', async () => {
  expect(await textsOf({ step: 2 })).toEqual(['other step']);
  expect(await textsOf({ step: 1, index: 1 })).toEqual(['second unit']);
  expect(await textsOf({ sinceMs: 1_003 })).toEqual(['other step', 'of the run']);
  expect(await textsOf({ failedOnly: true })).toEqual(['second unit']);
});

test('lines that match a regular expression; a broken one is a wrong flag', async () => {
  expect(await textsOf({ grep: 'x=\\d$' })).toEqual(['warning: x=1']);
  await expect(textsOf({ grep: '(' })).rejects.toMatchObject({
    code: 'bad-flag',
    message: expect.stringMatching(/not a regular expression/),
  });
});
