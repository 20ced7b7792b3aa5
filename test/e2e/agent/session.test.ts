// The agent and its coordinator: what it says at each connection, what it does without one, how it leaves.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { act, contentOf, isLive, outOf, withAgent } from './with-agent.ts';

test('the first hello says who it is and that it holds nothing', () =>
  withAgent({ workers: 3 }, async (coordinator) => {
    const [hello] = coordinator.connections[0]!.hellos;
    expect(hello).toMatchObject({
      allocation: 'a1',
      cpus: 3,
      pid: coordinator.agent?.pid,
      epoch: 0,
      held: [],
      running: [],
      finished: [],
    });
    expect(hello?.agent).not.toBe('');
  }));

test('an agent may be started before it is known whom it is for', () =>
  withAgent({ startsEarly: true }, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('give', { value: 1 })]);
    expect(outOf(await coordinator.resultOf(lease))).toBe(1);
  }));

test('no prefetch is wished for until units have been measured', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [lease] = coordinator.lease('map', [act('wait', { until })]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    expect(coordinator.messages.some((message) => message.kind === 'demand')).toBe(false);
    writeFileSync(until, '');
    await coordinator.resultOf(lease);
    coordinator.lease(
      'map',
      [...Array(50).keys()].map(() => act('give')),
      {},
      1,
    );
    await coordinator.waitFor('a demand', () =>
      coordinator.messages.find((message) => message.kind === 'demand' && message.demand.prefetch > 0),
    );
  }));

test('a unit that takes long is told of as started, quick ones are not', () =>
  withAgent({}, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const quick = coordinator.lease('map', Array(200).fill(act('give')));
    await coordinator.resultsOf(quick);
    expect(coordinator.started.length).toBeLessThan(100); // a busy machine may let any of them take long
    const [long] = coordinator.lease('map', [act('wait', { until })], {}, 200);
    await coordinator.waitFor('the start', () => coordinator.started.some((lease) => lease.n === long?.n));
    writeFileSync(until, '');
    await coordinator.resultOf(long);
  }));

test('after a reconnect it says what it holds, runs and has finished, and repeats what was not acknowledged', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    coordinator.acknowledges = false;
    const [done] = coordinator.lease('map', [act('give', { value: 1 })]);
    await coordinator.resultOf(done);
    const [running, waiting] = coordinator.lease('map', [act('wait', { until }), act('give', { value: 2 })], {}, 1);
    await coordinator.waitFor('the start', () => coordinator.started.some((lease) => lease.n === running?.n));
    await coordinator.goAway();
    coordinator.reports.length = 0;
    coordinator.epoch = 2;
    await coordinator.listen();
    const hello = await coordinator.waitFor('the second hello', () => coordinator.connections[1]?.hellos[0]);
    expect(hello).toMatchObject({ epoch: 1, held: [running, waiting], running: [running], finished: [done] });
    expect(outOf(await coordinator.resultOf(done))).toBe(1); // once more
    coordinator.acknowledges = true;
    writeFileSync(until, '');
    expect(outOf(await coordinator.resultOf(running))).toBe('waited');
    expect(outOf(await coordinator.resultOf(waiting))).toBe(2);
  }));

test('units that begin while nobody has said welcome are told of as started after it', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    const [first, began, until, passed] = ['first', 'began', 'until', 'passed'].map((it) => path.join(coordinator.directory, it));
    const held = [act('wait', { until: first }), act('wait', { until: first })];
    const next = [act('wait', { began, until }), act('shell', { script: `sleep 0.2; echo > ${passed}` })];
    const [, , long] = coordinator.lease('map', [...held, ...next]);
    await coordinator.waitFor('the start', () => coordinator.started.length === 2);
    await coordinator.goAway();
    coordinator.welcomes = false;
    await coordinator.listen();
    await coordinator.waitFor('the second hello', () => coordinator.connections[1]?.hellos[0]);
    writeFileSync(first!, '');
    for (const file of [began, passed]) await contentOf(coordinator, file!);
    coordinator.welcome();
    await coordinator.waitFor('the start', () => coordinator.started.some((lease) => lease.n === long?.n));
    writeFileSync(until!, '');
  }));

test('reports that the coordinator has committed are not repeated', () =>
  withAgent({}, async (coordinator) => {
    coordinator.acknowledges = false;
    await coordinator.resultsOf(coordinator.lease('map', [act('give')]));
    const { seq } = coordinator.reports.at(-1)!;
    await coordinator.goAway();
    coordinator.reports.length = 0;
    coordinator.alter({ reportSeq: seq });
    await coordinator.listen();
    coordinator.acknowledges = true;
    await coordinator.waitFor('the second hello', () => coordinator.connections[1]?.hellos[0]);
    const [next] = coordinator.lease('map', [act('give')], {}, 1);
    await coordinator.resultOf(next);
    expect(coordinator.reports.map((report) => report.seq).every((it) => it > seq)).toBe(true);
  }));

test('without a coordinator it goes on with what it has', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const [until, file] = ['go', 'noted'].map((name) => path.join(coordinator.directory, name));
    const leases = coordinator.lease('map', [act('wait', { until }), act('note', { file, text: 'x' })]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    await coordinator.goAway();
    writeFileSync(until!, '');
    expect(await contentOf(coordinator, file!)).toBe('x');
    await coordinator.listen();
    await coordinator.resultsOf(leases);
  }));

test('a coordinator of a lower epoch is ignored', () =>
  withAgent({}, async (coordinator) => {
    coordinator.epoch = 5;
    await coordinator.goAway();
    await coordinator.listen();
    const [before] = await coordinator.waitFor(
      'the second hello',
      () => coordinator.connections[1]?.hellos[0] && coordinator.lease('map', [act('give')]),
    );
    await coordinator.resultOf(before);
    coordinator.epoch = 4;
    await coordinator.goAway();
    await coordinator.listen();
    await coordinator.waitFor('the third hello', () => coordinator.connections[2]?.hellos[0]);
    const stale = coordinator.lease('map', [act('give')], {}, 7);
    await coordinator.waitFor('its closing', () => coordinator.connections[2]?.isOpen === false);
    coordinator.epoch = 6;
    await coordinator.waitFor(
      'another hello',
      () => coordinator.connections.length > 3 && coordinator.connections.at(-1)!.hellos[0],
    );
    const [after] = coordinator.lease('map', [act('give')], {}, 8);
    await coordinator.resultOf(after);
    expect(coordinator.results.some(({ lease }) => lease.n === stale[0]?.n && lease.epoch === 4)).toBe(false);
  }));

test('a drained agent returns what waits, finishes what runs, and leaves with exit code 0', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [running, ...waiting] = coordinator.lease('map', [act('wait', { until }), act('give'), act('give')]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    coordinator.send({ kind: 'drain', drain: { reason: 'over', cancelRunning: false, cause: '' } });
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 2);
    expect(coordinator.returned).toEqual(waiting);
    expect(coordinator.agent?.exitCode).toBe(null);
    writeFileSync(until, '');
    expect(outOf(await coordinator.resultOf(running))).toBe('waited');
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
  }));

test('what is leased to an agent long drained comes back', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [running, waiting] = coordinator.lease('map', [act('wait', { until }), act('give')]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    coordinator.send({ kind: 'drain', drain: { reason: 'over', cancelRunning: false, cause: '' } });
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 1);
    const [late] = coordinator.lease('map', [act('give')], {}, 2);
    await coordinator.waitFor('the return of what came later', () => coordinator.returned.length === 2);
    expect(coordinator.returned).toEqual([waiting, late]);
    writeFileSync(until, '');
    await coordinator.resultOf(running);
  }));

test('a drained agent stays until its last report is acknowledged', () =>
  withAgent({}, async (coordinator) => {
    coordinator.acknowledges = false;
    await coordinator.resultsOf(coordinator.lease('map', [act('give')]));
    coordinator.send({ kind: 'drain', drain: { reason: 'over', cancelRunning: false, cause: '' } });
    const [late] = coordinator.lease('map', [act('give')], {}, 1);
    await coordinator.waitFor('the return of what came later', () => coordinator.returned.some((lease) => lease.n === late?.n));
    expect(coordinator.agent?.exitCode).toBe(null);
    coordinator.send({ kind: 'ack', ack: { seq: coordinator.reports.at(-1)!.seq } });
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
  }));

test('retracted units that wait come back, one that runs goes on', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const units = coordinator.lease('map', [act('wait', { until }), act('give'), act('give')]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    coordinator.send({ kind: 'retract', retract: { units } });
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 2);
    writeFileSync(until, '');
    expect(outOf(await coordinator.resultOf(units[0]))).toBe('waited');
    expect(coordinator.returned).toEqual(units.slice(1));
  }));

test('units behind one that turns out long are given back at once', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    await coordinator.resultsOf(
      coordinator.lease(
        'map',
        [...Array(200).keys()].map(() => act('give')),
      ),
    ); // units of nothing: the host is fed many
    const began = path.join(coordinator.directory, 'began');
    const [spinning, ...others] = coordinator.lease('map', [act('spin', { began }), ...Array(100).fill(act('give'))], {}, 200);
    await contentOf(coordinator, began);
    coordinator.send({ kind: 'retract', retract: { units: others } });
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 100);
    expect(coordinator.results.some(({ lease }) => lease.n === spinning?.n)).toBe(false);
  }));

test('units behind one that turns out long are run by another host that has nothing to do', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    const quick = Array(200).fill(act('give'));
    await coordinator.resultsOf(coordinator.lease('map', quick)); // units of nothing: each host is fed many
    const began = path.join(coordinator.directory, 'began');
    const [, ...others] = coordinator.lease('map', [act('spin', { began }), ...quick], {}, 200);
    await coordinator.resultsOf(others);
  }));

test('a refused agent ends, and says why', () =>
  withAgent({ prepare: (coordinator) => coordinator.alter({ refusal: 'too old' }) }, async (coordinator) => {
    expect((await coordinator.exitOf()).code).not.toBe(0);
    expect(coordinator.agentLog).toContain('too old');
  }));

test('an agent ends after its grace without a coordinator, however often it dials, and leaves nothing', () =>
  withAgent({ prepare: (coordinator) => coordinator.alter({ orphanGraceMs: 1_500 }) }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    coordinator.lease('map', [act('spin', { began })]);
    const host = Number(await contentOf(coordinator, began));
    await coordinator.goAway();
    expect((await coordinator.exitOf()).code).not.toBe(0);
    expect(isLive(host)).toBe(false);
  }));

test('an agent that ends begins none of what waits', () =>
  withAgent({ workers: 4, prepare: (coordinator) => coordinator.alter({ orphanGraceMs: 500 }) }, async (coordinator) => {
    const names = [...Array(8).keys()].map((i) => path.join(coordinator.directory, `began-${i}`));
    coordinator.lease(
      'map',
      names.map((began) => act('spin', { began })),
    );
    await Promise.all(names.slice(0, 4).map((began) => contentOf(coordinator, began)));
    await coordinator.goAway();
    await coordinator.exitOf();
    expect(names.map((began) => existsSync(began))).toEqual([...Array(4).fill(true), ...Array(4).fill(false)]);
  }));

test('SIGTERM lets what runs end in its grace, then tells it as drained', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const [running, waiting] = coordinator.lease('map', [act('spin', { began }), act('give')]);
    const host = Number(await contentOf(coordinator, began));
    coordinator.agent?.kill('SIGTERM');
    expect((await coordinator.resultOf(running)).failure).toMatchObject({ cause: 'drained' });
    expect(coordinator.returned).toEqual([waiting]);
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
    expect(isLive(host)).toBe(false);
  }));

test('SIGKILL of the agent leaves neither hosts nor what they have started', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    const [first, second] = ['first', 'second'].map((name) => path.join(coordinator.directory, name));
    coordinator.lease('map', [act('spin', { began: first }), act('child', { began: second })]);
    const pids = `${await contentOf(coordinator, first!)} ${await contentOf(coordinator, second!)}`.split(' ').map(Number);
    expect(pids).toHaveLength(3);
    coordinator.agent?.kill('SIGKILL');
    await coordinator.waitFor('the end of all', () => pids.every((pid) => !isLive(pid)));
  }));

test('an agent at the end of its run leaves no process', () =>
  withAgent({}, async (coordinator) => {
    const looks = await coordinator.resultsOf(coordinator.lease('map', [act('look'), act('look')]));
    const pids = looks.map((result) => outOf(result).pid as number);
    coordinator.send({ kind: 'drain', drain: { reason: 'over', cancelRunning: false, cause: '' } });
    await coordinator.exitOf();
    expect(pids.filter(isLive)).toEqual([]);
  }));
