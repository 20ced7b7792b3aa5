// `outflow agents` and `outflow drain`, with agents that outflow started and one that was started by hand.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentStatus } from '../../../src/rpc/messages.ts';
import type { World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';
import { makeExecWorld, startWaiting, type WaitingRun } from './waiting-run.ts';

let world: World;
let waiting: WaitingRun;

beforeAll(async () => {
  world = makeExecWorld();
  waiting = await startWaiting(world, '--workers', '2', '--count', '6');
});

afterAll(async () => {
  await world.run(['cancel', 'last', '--now']);
  await world.end();
});

const agents = async (): Promise<AgentStatus[]> => (await world.json<{ agents: AgentStatus[] }>(['agents'])).agents;

test('agents of the only live run, as a table and as data', async () => {
  const [agent, ...others] = await until(async () => {
    const all = await agents();
    return all[0]?.cpusUsed === 2 && all[0].memoryUsedBytes > 0 && all;
  });
  expect(others).toEqual([]);
  expect(agent).toMatchObject({ state: 'connected', cpus: 2, unitsDone: 1, unitsHeld: 2, secondsLeft: 0, gpus: 0 });
  const { stdout } = await world.run(['agents', waiting.run]);
  expect(stdout).toMatch(/^AGENT +NODE +STATE +CPUS +DONE +MEMORY$/m);
  expect(stdout).toMatch(new RegExp(`^${agent?.id} +${agent?.host} +connected +2/2 +1 +[\\d.]+ GiB$`, 'm'));
});

test('an agent that is not there is said, with those that are', async () => {
  const [agent] = await agents();
  const { stderr, exitCode } = await world.run(['drain', 'nobody', '--run', waiting.run]);
  expect(stderr).toBe(`error: run ${waiting.run} has no agent nobody\n  its agents: ${agent?.id}`);
  expect(exitCode).toBe(4);
});

test('an agent started by hand is seen; drained, it ends what it runs, and goes', async () => {
  const joinDir = path.join(world.home, 'runs', waiting.run, 'join');
  const join = JSON.parse(readFileSync(path.join(joinDir, readdirSync(joinDir)[0] as string), 'utf8'));
  const file = world.write('by-hand.json', JSON.stringify({ addresses: join.addresses, run: join.run }));
  const byHand = world.start(['agent', '--join', file, '--workers', '1']);
  const mine = await until(async () => (await agents()).find(({ allocation, cpusUsed }) => allocation === '' && cpusUsed === 1));
  const told = await world.run(['drain', mine.id.slice(0, -2)]);
  expect(told.exitCode).toBe(0);
  expect(told.stderr).toContain(`agent ${mine.id} ends what it runs`);
  await until(async () => (await agents()).find(({ id }) => id === mine.id)?.state === 'draining');
  waiting.end(2);
  expect((await byHand).exitCode).toBe(0);
  await until(async () => !(await agents()).some(({ id }) => id === mine.id));
});

test('a drained agent is replaced where the run needs one', async () => {
  const [agent] = await agents();
  await world.run(['drain', agent?.id as string]);
  waiting.end('all');
  await until(async () => (await world.json<{ state: string }>(['status', waiting.run])).state === 'succeeded');
});

test('without a live run, and with one that has ended', async () => {
  expect(await world.run(['agents'])).toMatchObject({ stderr: expect.stringContaining('no run is live'), exitCode: 4 });
  expect((await world.run(['agents', waiting.run])).stderr).toContain(`run ${waiting.run} has ended: succeeded`);
});

test('of several live runs one must be named', async () => {
  const [one, other] = [await startWaiting(world), await startWaiting(world)];
  const { stderr, exitCode } = await world.run(['agents']);
  expect(stderr).toContain('2 runs are live');
  for (const { run } of [one, other]) expect(stderr).toContain(run);
  expect(exitCode).toBe(4);
  await world.run(['cancel', one.run, '--now']);
});
