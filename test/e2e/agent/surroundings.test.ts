// What units see around them, and whose lines are whose.
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/model/limits.ts';
import { act, outOf, withAgent } from './with-agent.ts';

test('console lines are lines of their unit, by stream', () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('print', { lines: ['to stdout', 'to stderr', 'raw'] })], {}, 4);
    await coordinator.resultOf(lease);
    expect(coordinator.logs.map(({ index, attempt, seq, stream, text }) => ({ index, attempt, seq, stream, text }))).toEqual([
      { index: 4, attempt: 1, seq: 0, stream: 0, text: 'to stdout' },
      { index: 4, attempt: 1, seq: 1, stream: 1, text: 'to stderr' },
      { index: 4, attempt: 1, seq: 2, stream: 0, text: 'raw without end' },
    ]);
  }));

test('context.log gives a line with its level and fields', () =>
  withAgent({}, async (coordinator) => {
    await coordinator.resultsOf(coordinator.lease('map', [act('log')]));
    expect(coordinator.logs[0]).toMatchObject({ stream: 2, level: 1, text: 'reading {"depth":3,"big":"1n"}' });
  }));

test('a line is out before its unit ends, even if the unit blocks its process', () =>
  withAgent({}, async (coordinator) => {
    coordinator.lease('map', [act('printAndSpin', { text: 'here I am' })]);
    await coordinator.waitFor('the line', () => coordinator.lines.includes('here I am'));
    expect(coordinator.results).toEqual([]);
  }));

test("what child processes print is the running unit's", () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('shell', { script: 'echo from a child; echo oops >&2; sleep 0.2' })], {}, 9);
    await coordinator.resultOf(lease);
    const lines = coordinator.logs.map(({ hasUnit, index, stream, text }) => ({ hasUnit, index, stream, text }));
    expect(lines).toContainEqual({ hasUnit: true, index: 9, stream: 0, text: 'from a child' });
    expect(lines).toContainEqual({ hasUnit: true, index: 9, stream: 1, text: 'oops' });
  }));

test("a line that comes after its unit's end is that unit's, not the next one's", () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const [until, go] = ['until', 'go'].map((name) => path.join(coordinator.directory, name));
    const leases = coordinator.lease('map', [act('printLater', { until, text: 'late' }), act('wait', { until: go })]);
    await coordinator.resultOf(leases[0]);
    writeFileSync(until!, '');
    expect(await coordinator.waitFor('the line', () => coordinator.logs.find((line) => line.text === 'late'))).toMatchObject({
      index: 0,
    });
    writeFileSync(go!, '');
    await coordinator.resultOf(leases[1]);
  }));

test('lines beyond the limit of an attempt are dropped, and counted', () =>
  withAgent({}, async (coordinator) => {
    await coordinator.resultsOf(coordinator.lease('map', [act('printMany', { count: LIMITS.logLinesPerAttempt + 25 })]));
    expect(coordinator.logs.filter((line) => line.stream === 0)).toHaveLength(LIMITS.logLinesPerAttempt);
    expect(coordinator.logs.at(-1)).toMatchObject({ stream: 3, text: expect.stringMatching(/^25 log lines/) });
  }));

test('a long line is cut', () =>
  withAgent({}, async (coordinator) => {
    await coordinator.resultsOf(coordinator.lease('map', [act('print', { lines: ['ä'.repeat(LIMITS.logLineBytes), '', ''] })]));
    const [line] = coordinator.lines;
    expect(Buffer.byteLength(line!)).toBeLessThanOrEqual(LIMITS.logLineBytes);
    expect(line).toMatch(/ä…$/);
  }));

test('a unit finds environment and working directory as the first did, whatever the one before changed', () =>
  withAgent(
    { workers: 1, environment: { GREETING: 'hello', OUTFLOW_DATABASE_URL: 'postgres://secret' } },
    async (coordinator) => {
      const [, look] = await coordinator.resultsOf(coordinator.lease('map', [act('spoil'), act('look')]));
      const { cwd, ...seen } = outOf(look!);
      expect(seen).toMatchObject({ spoiled: null, greeting: 'hello', url: null });
      expect(realpathSync(cwd)).toBe(realpathSync(coordinator.directory));
    },
  ));

test('the granted CPUs are said wherever programs look for them', () =>
  withAgent({ command: 'wide', workers: 2 }, async (coordinator) => {
    const [one] = await coordinator.resultsOf(coordinator.lease('map', [act('look')]));
    const [two] = await coordinator.resultsOf(coordinator.lease('wide', [act('look')]));
    expect(outOf(one!)).toMatchObject({ cpus: 1, parallelism: 1, omp: '1', childOmp: '1' });
    expect(outOf(two!)).toMatchObject({ cpus: 2, parallelism: 2, omp: '2', childOmp: '2' });
  }));

test('the context tells run, index, attempt and working directory', () =>
  withAgent({}, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('look')], {}, 12));
    expect(outOf(result!)).toMatchObject({ run: 'testrun1', index: 12, attempt: 1, workdir: coordinator.directory });
  }));

test("a task's own variables are set for it, and for no other", () =>
  withAgent({ command: 'hurried', workers: 1 }, async (coordinator) => {
    const [own] = await coordinator.resultsOf(coordinator.lease('map', [act('variable')]));
    expect(outOf(own!)).toBe('set');
  }));

test('hosts are reused, but not by isolated units', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const pidsOf = async (isolate: boolean, first: number): Promise<number[]> => {
      const results = await coordinator.resultsOf(coordinator.lease('map', [act('look'), act('look')], { isolate }, first));
      return results.map((result) => outOf(result).pid);
    };
    const shared = await pidsOf(false, 0);
    expect(new Set(shared).size).toBe(1);
  }));

test('each isolated unit has a process of its own', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const results = await coordinator.resultsOf(
      coordinator.lease('map', [act('look'), act('look'), act('look')], { isolate: true }),
    );
    const pids = results.map((result) => outOf(result).pid as number);
    expect(new Set(pids).size).toBe(3);
    await coordinator.waitFor('their end', () => pids.every((pid) => !existsSync(`/proc/${pid}/exe`)));
  }));
