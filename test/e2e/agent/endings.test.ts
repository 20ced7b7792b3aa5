// How units end: each cause, and who is blamed for it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/model/limits.ts';
import { act, contentOf, isLive, outOf, withAgent } from './with-agent.ts';

test("an exception is told with its message and the place in the user's file", () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('throw', { message: 'it broke' })]);
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'exception', message: 'it broke', task: 'map/Act' });
    expect(failure?.stack).toMatch(/fixtures\/pipeline\.ts:\d+:\d+/);
    expect(failure?.stack).not.toMatch(/outflow\.cjs|node:internal/);
  }));

test('process.exit ends the unit with its code, and the next unit finds a fresh host', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const leases = coordinator.lease('map', [act('exit', { code: 7 }), act('give', { value: 'next' })]);
    const [exited, next] = await coordinator.resultsOf(leases);
    expect(exited?.failure).toMatchObject({ cause: 'exit', exitCode: 7 });
    expect(outOf(next!)).toBe('next');
  }));

test('a host that is killed costs its running unit only', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const leases = coordinator.lease(
      'map',
      [...Array(30).keys()].map((i) => (i === 15 ? act('kill', { signal: 'SIGKILL' }) : act('give', { value: i }))),
    );
    const results = await coordinator.resultsOf(leases);
    expect(results[15]?.failure).toMatchObject({ cause: 'signal', signal: 'SIGKILL' });
    expect(results.filter((result) => result.failure)).toHaveLength(1);
    expect(outOf(results[29]!)).toBe(29);
  }));

test('a unit that fills the heap fails for memory, and is told the limit and how to raise it', () =>
  withAgent({ environment: { NODE_OPTIONS: '--max-old-space-size=60' } }, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('exhaust')]);
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'out-of-memory' });
    expect(failure?.message).toMatch(/limit of \d+ MiB.*--max-old-space-size/);
  }));

test('an endless loop is ended at its timeout', () =>
  withAgent({ command: 'hurried', workers: 1 }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const leases = coordinator.lease('map', [act('spin', { began }), act('give', { value: 'next' })]);
    const [spun, next] = await coordinator.resultsOf(leases);
    expect(spun?.failure).toMatchObject({
      cause: 'timeout',
      message: 'did not end within its timeout of 300 ms',
      task: 'map/Hurried',
    });
    expect(outOf(next!)).toBe('next');
  }));

test('a promise that never resolves is ended at its timeout', () =>
  withAgent({ command: 'hurried' }, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('wait', { until: path.join(coordinator.directory, 'never') })]);
    expect((await coordinator.resultOf(lease)).failure).toMatchObject({ cause: 'timeout' });
  }));

test('a task that heeds its signal fails for its timeout without force', () =>
  withAgent({ command: 'hurried' }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const [lease] = coordinator.lease('map', [act('succeedOnAbort', { began })]);
    const { failure, durationMs } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'timeout', task: 'map/Hurried' });
    expect(durationMs).toBeLessThan(300 + LIMITS.timeoutGraceMs);
  }));

test('a task of an inner map that heeds its signal costs its element only', () =>
  withAgent({ command: 'keeping' }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const acts = [act('succeedOnAbort', { began }), act('give')].map((it) => it.act);
    const [lease] = coordinator.lease('map', [{ outer: acts }]);
    expect(outOf(await coordinator.resultOf(lease))).toBe(2);
  }));

test('a cancelled unit that heeds its signal is told as cancelled', () =>
  withAgent({}, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const units = coordinator.lease('map', [act('waitOrAbort', { began, until: path.join(coordinator.directory, 'never') })]);
    await contentOf(coordinator, began);
    coordinator.send({ kind: 'cancel', cancel: { units, graceMs: 60_000 } });
    expect(await coordinator.resultOf(units[0])).toMatchObject({ cancelled: true, failure: { cause: 'cancelled' } });
  }));

test('a success after the cancel counts', () =>
  withAgent({}, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const units = coordinator.lease('map', [act('succeedOnAbort', { began })]);
    await contentOf(coordinator, began);
    coordinator.send({ kind: 'cancel', cancel: { units, graceMs: 60_000 } });
    expect(outOf(await coordinator.resultOf(units[0]))).toBe('in time');
  }));

test('a cancelled unit that heeds nothing is ended by force after its grace', () =>
  withAgent({}, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const units = coordinator.lease('map', [act('spin', { began })]);
    const pid = Number(await contentOf(coordinator, began));
    coordinator.send({ kind: 'cancel', cancel: { units, graceMs: 100 } });
    expect(await coordinator.resultOf(units[0])).toMatchObject({ cancelled: true });
    expect(isLive(pid)).toBe(false);
  }));

test('what a cancelled unit has started ends with it', () =>
  withAgent({}, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const units = coordinator.lease('map', [act('child', { began })]);
    const [host, child] = (await contentOf(coordinator, began)).split(' ').map(Number);
    coordinator.send({ kind: 'cancel', cancel: { units, graceMs: 100 } });
    await coordinator.resultOf(units[0]);
    await coordinator.waitFor('the end of both', () => !isLive(host!) && !isLive(child!));
  }));

test('units that wait are given back when they are cancelled', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [first, ...others] = coordinator.lease('map', [act('wait', { until }), act('give'), act('give')]);
    coordinator.send({ kind: 'cancel', cancel: { units: others, graceMs: 1_000 } });
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 2);
    writeFileSync(until, '');
    expect(outOf(await coordinator.resultOf(first))).toBe('waited');
  }));

test('a rejection that nobody caught fails the unit that runs', () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('rejectAside')]);
    expect((await coordinator.resultOf(lease)).failure).toMatchObject({
      cause: 'exception',
      message: 'unhandled rejection: nobody caught this',
    });
  }));

test("a rejection after its unit's end is a line of that unit, and disturbs no other", () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const [until, done, go] = ['until', 'done', 'go'].map((name) => path.join(coordinator.directory, name));
    const leases = coordinator.lease('map', [act('rejectLater', { until, done }), act('wait', { until: go })]);
    await coordinator.resultOf(leases[0]);
    writeFileSync(until!, '');
    const line = await coordinator.waitFor('the line', () => coordinator.logs.find((log) => log.text.includes('too late')));
    expect(line).toMatchObject({ index: 0, level: 2, text: "unhandled rejection after the unit's end: too late" });
    writeFileSync(go!, '');
    expect(outOf(await coordinator.resultOf(leases[1]))).toBe('waited');
  }));

test('an input that fails its schema is invalid-input', () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [{ act: { no: 'do' } }]);
    expect((await coordinator.resultOf(lease)).failure).toMatchObject({ cause: 'invalid-input', task: 'map/Act' });
  }));

test('an output that fails its schema is invalid-output', () =>
  withAgent({ command: 'single' }, async (coordinator) => {
    const [lease] = coordinator.lease('Strict', [''], { shared: '{"n":0}' });
    expect((await coordinator.resultOf(lease)).failure).toMatchObject({ cause: 'invalid-output', task: 'Strict' });
  }));

test('an output that is no value is invalid-output', () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('bad')]);
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'invalid-output' });
    expect(failure?.message).toContain('function');
  }));

test('a setup that builds another workflow in the host fails its unit with setup-not-deterministic', () =>
  withAgent({ command: 'changing' }, async (coordinator) => {
    const [lease] = coordinator.lease('Acts');
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'setup-failed' });
    expect(failure?.message).toContain('setup-not-deterministic');
  }));

test("a setup that throws in the host fails its unit, with the place in the user's file", () =>
  withAgent({ command: 'throwing' }, async (coordinator) => {
    const [lease] = coordinator.lease('List');
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'setup-failed' });
    expect(failure?.message).toContain('setup went wrong');
    expect(failure?.stack).toMatch(/fixtures\/pipeline\.ts:\d+/);
  }));

test('a host in which something beside setup throws begins no unit, though setup goes on', () =>
  withAgent({ command: 'throwingAside' }, async (coordinator) => {
    const [lease] = coordinator.lease('List');
    const { failure } = await coordinator.resultOf(lease);
    expect(failure).toMatchObject({ cause: 'setup-failed' });
    expect(failure?.message).toContain('something beside setup went wrong');
  }));

test('hosts that cannot start fail their units with what they said, and are not started without end', () =>
  withAgent(
    { environment: { NODE_OPTIONS: `--require "${path.join(import.meta.dirname, 'fixtures', 'broken-host.cjs')}"` } },
    async (coordinator) => {
      const leases = coordinator.lease('map', [act('give'), act('give')]);
      for (const { failure } of await coordinator.resultsOf(leases)) {
        expect(failure).toMatchObject({ cause: 'setup-failed' });
        expect(failure?.message).toContain('this host is broken');
      }
    },
  ));
