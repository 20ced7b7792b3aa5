// Sixteen processes that need the embedded server at the same moment: one starts it, the others find it.
import { rmSync, statSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { serverPaths } from '../../src/store/embedded/paths.ts';
import { serverStatus, stopServer } from '../../src/store/embedded/status.ts';
import { ownHome, runProgram } from '../support/postgres.ts';

ownHome('a home with spaces');
const MANY = 16;

async function startMany() {
  const answers = await Promise.all(Array.from({ length: MANY }, () => runProgram('ensure')));
  const failed = answers.filter(({ error }) => error !== undefined);
  expect(failed).toEqual([]);
  return answers.map(({ ok }) => ok as { pid: number; started: boolean; url: string });
}

afterEach(() => stopServer({ force: true }));

test('the first time ever, and again when it has been stopped: one starts it', { timeout: 180_000 }, async () => {
  for (const round of ['cold', 'warm']) {
    process.env['OUTFLOW_DB_IDLE'] = '30';
    const servers = await startMany();
    expect(
      servers.filter(({ started }) => started),
      round,
    ).toHaveLength(1);
    expect(new Set(servers.map(({ pid }) => pid)).size, round).toBe(1);
    expect(await stopServer()).toBe(true);
    expect(await serverStatus()).toMatchObject({ running: false, pid: null, keeperPid: null });
  }
});

test('right after server and keeper were killed: it is started again, once', { timeout: 180_000 }, async () => {
  process.env['OUTFLOW_DB_IDLE'] = '30';
  await runProgram('ensure');
  const { pid, keeperPid } = await serverStatus();
  process.kill(keeperPid as number, 'SIGKILL');
  process.kill(pid as number, 'SIGKILL');
  const servers = await startMany();
  expect(new Set(servers.map((server) => server.pid)).size).toBe(1);
  expect(servers[0]?.pid).not.toBe(pid);
});

test('nobody but the user reaches into its directories', async () => {
  await runProgram('ensure');
  const paths = serverPaths();
  for (const directory of [paths.root, paths.socketDir, paths.data])
    expect(statSync(directory).mode & 0o777, directory).toBe(0o700);
  for (const file of [paths.postgresLog, paths.keeperLog]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
  rmSync(paths.ownerFile);
});
