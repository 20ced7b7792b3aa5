// A coordinator that cannot begin with its run says why, and goes by itself. The test is the command that starts it.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

test('a coordinator whose agents cannot be told where it listens', async () => {
  const { url } = await world.json<{ url: string }>(['db', 'start']);
  const pipeline = path.join(projectRoot, 'test/fixtures/runs/pipeline.ts');
  const args = ['noted', '--ms', '60000', '--notes', world.write('notes', ''), '-p', pipeline];
  const { run } = await world.json<{ run: string }>(['submit', ...args]);
  await until(async () => (await world.json<{ agents: number | null }>(['status', run])).agents === 1);
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const { rows } = await database.query('select pid from outflow.run_lease');
  await database.end();
  process.kill(rows[0].pid, 'SIGKILL');
  const runDir = path.join(world.home, 'runs', run);
  rmSync(path.join(runDir, 'join'), { recursive: true });
  writeFileSync(path.join(runDir, 'join'), 'no directory');

  const [command = '', ...words] = world.words('__coordinator', runDir);
  const env = { ...process.env, ...world.env };
  const coordinator = spawn(command, words, { cwd: world.dir, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const replies: unknown[] = [];
  coordinator.on('message', (reply) => replies.push(reply));
  coordinator.send({ kind: 'start', run, databaseUrl: url, databases: {}, evenIfHeldAt: 1 });
  await until(() => coordinator.exitCode !== null);
  expect(replies).toMatchObject([{ kind: 'failed', error: { code: 'bad-environment' } }]);
});
