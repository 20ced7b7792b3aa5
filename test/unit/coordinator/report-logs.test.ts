// Log lines of reports on their way to the store: once, and what many agents say alike one time only, in bounded memory.
import { expect, test } from 'vitest';
import { ReportLogs } from '../../../src/coordinator/report-logs.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import type { LogRow } from '../../../src/store/types.ts';

const line = (text: string, step: number | null = null): LogRow => ({
  step,
  index: step,
  attempt: step,
  seq: 0,
  atMs: 0,
  stream: 'system',
  level: 'warn',
  text,
});
const textsOf = (rows: readonly LogRow[]) => rows.map(({ text }) => text);

test('what agents say of themselves is told once, what units say each time', () => {
  const logs = new ReportLogs();
  logs.add('a', 1, [line('no taskset'), line('hello', 0)]);
  logs.add('b', 1, [line('no taskset'), line('hello', 0)]);
  expect(textsOf(logs.take('a', 1))).toEqual(['no taskset', 'hello']);
  expect(textsOf(logs.take('b', 1))).toEqual(['hello']);
  expect(logs.take('b', 1)).toEqual([]);
});

test('a report that comes again, as it was not accepted the first time, still has its lines', () => {
  const logs = new ReportLogs();
  for (let time = 0; time < 2; time++) logs.add('a', 1, [line('no taskset'), line('hello', 0)]);
  expect(textsOf(logs.take('a', 1))).toEqual(['no taskset', 'hello']);
});

test('so many lines are remembered as told, and then the one that was not said for longest is forgotten', () => {
  const logs = new ReportLogs();
  let seq = 0;
  const say = (text: string): readonly LogRow[] => {
    logs.add('a', ++seq, [line(text)]);
    return logs.take('a', seq);
  };
  for (let n = 0; n < LIMITS.toldLines; n++) say(`line ${n}`);
  expect(say('line 0')).toEqual([]);
  expect(textsOf(say('one more'))).toEqual(['one more']);
  expect(say('line 0')).toEqual([]);
  expect(textsOf(say('line 1'))).toEqual(['line 1']);
});
