// As many agents as a large node has cores, started at the same moment with one join file: all come up, work, and leave nothing.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { AgentStatus } from '../../src/rpc/messages.ts';
import { makeExecWorld, startWaiting, type WaitingRun } from '../e2e/exec/waiting-run.ts';
import type { World } from '../support/outflow.ts';
import { until } from '../support/until.ts';

const AGENTS = 96;
/** With their task hosts they take 40 s on two free cores. */
const SECONDS = 400;

let world: World;
let waiting: WaitingRun;

beforeAll(async () => {
  world = makeExecWorld();
  waiting = await startWaiting(world, '--workers', '1', '--count', String(AGENTS + 1));
});

afterAll(async () => {
  await world.run(['cancel', 'last', '--now']);
  await world.end();
});

test(`${AGENTS} agents`, { timeout: SECONDS * 1000 }, async () => {
  const joinDir = path.join(world.home, 'runs', waiting.run, 'join');
  const { addresses, run } = JSON.parse(readFileSync(path.join(joinDir, readdirSync(joinDir)[0] as string), 'utf8'));
  const join = world.write('join.json', JSON.stringify({ addresses, run }));
  const temporary = path.dirname(world.write('tmp/before', ''));
  // As on another host: their cache is empty.
  const env = { OUTFLOW_HOME: path.join(world.dir, 'elsewhere'), TMPDIR: temporary };
  const started = Array.from({ length: AGENTS }, () => world.start(['agent', '--join', join, '--workers', '1'], { env }));
  onTestFinished(() => {
    for (const agent of started) agent.kill('SIGKILL');
  });
  const lost = Promise.race(started).then(({ stderr }) => Promise.reject(new Error(`an agent has ended: ${stderr}`)));

  await Promise.race([until(() => waiting.begun() === AGENTS + 1, SECONDS), lost]);
  const connected = async () => {
    const { agents = [] } = await world.json<{ agents?: AgentStatus[] }>(['agents']); // none: it was too busy to answer
    return agents.filter(({ state }) => state === 'connected').length;
  };
  await until(async () => (await connected()) === AGENTS + 1, SECONDS);

  waiting.end('all');
  await expect(lost).rejects.toThrow(); // as all do now
  const failures = (await Promise.all(started)).map(({ exitCode, stderr }) => exitCode !== 0 && stderr).filter(Boolean);
  expect(failures).toEqual([]);
  const state = async () => (await world.json<{ state: string }>(['status', waiting.run])).state;
  await until(async () => (await state()) === 'succeeded', SECONDS);
  const left = readdirSync(temporary, { recursive: true, encoding: 'utf8' });
  expect(left.map((name) => name.replace(/\d{2,}|(?<=a-)\w+/g, 'N')).sort()).toEqual([
    'before',
    'outflow-N',
    'outflow-N/a-N',
    'outflow-N/cpus',
  ]);
});
