// What processes that are killed leave in temporary directories is gone when the next of their kind has started.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endProcessesOf, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';
import { makeExecWorld, startWaiting } from '../exec/waiting-run.ts';

let world: World;

beforeAll(() => {
  world = makeExecWorld();
  world.env['TMPDIR'] = path.dirname(world.write('tmp/before', ''));
  world.env['XDG_RUNTIME_DIR'] = path.dirname(world.write('runtime/before', ''));
});
afterAll(() => world.end());

/** Files and directories of agents: `tmp/outflow-0/a-1234/56.78`, a claim of a CPU. */
const ofAgents = (): string[] =>
  ['tmp', 'runtime']
    .flatMap((name) => readdirSync(path.join(world.dir, name), { recursive: true, encoding: 'utf8' }))
    .filter((name) => /\/a-\w+\/|\/cpus\//.test(name));

test('of a coordinator, an agent and its hosts, killed at the same moment', async () => {
  const waiting = await startWaiting(world, '--workers', '1');
  endProcessesOf(world.home);
  const left = ofAgents();
  expect(left.length).toBeGreaterThan(0);

  const resumed = world.start(['resume', waiting.run]);
  await until(() => ofAgents().length > 0 && !ofAgents().some((name) => left.includes(name)));
  waiting.end('all');
  expect((await resumed).exitCode).toBe(0);
  await until(() => ofAgents().length === 0);
});

test('of a start that comes to nothing, nothing', async () => {
  const refused = await world.run(['run', 'wait', '--no-such-flag']);
  expect(refused.exitCode).toBe(2);
  expect(ofAgents()).toEqual([]);

  world.write('endless.ts', 'await new Promise((ever) => setTimeout(ever, 60_000));');
  const starting = world.start(['run', 'wait', '-p', 'endless.ts']);
  await until(() => ofAgents().some((name) => name.endsWith('/blobs')));
  starting.kill('SIGINT');
  expect((await starting).stderr).toContain('there is no run');
  expect(ofAgents()).toEqual([]);
});
