// The embedded server's life: it survives kills with all that was committed, stops when nobody uses it, and not before.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { findBinaries } from '../../src/store/embedded/binaries.ts';
import { liveKeeper } from '../../src/store/embedded/keeper-file.ts';
import { DATABASE, serverPaths, serverUrl } from '../../src/store/embedded/paths.ts';
import { ensureServer } from '../../src/store/embedded/server.ts';
import { asServerUser, serverUser } from '../../src/store/embedded/server-user.ts';
import { serverStatus, stopServer } from '../../src/store/embedded/status.ts';
import { connectAhead, connectStore } from '../../src/store/index.ts';
import { processIdentity, waitForExit } from '../../src/system/processes.ts';
import { acceptRun, ownHome, startProgram } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const own = ownHome();
afterEach(() => stopServer({ force: true }));

/** Kills, and waits until it is gone; it may have ended by itself. */
async function kill(pid: number | null): Promise<void> {
  if (pid === null) throw new Error('there is nothing to kill');
  const identity = processIdentity(pid);
  if (identity === null) return;
  process.kill(pid, 'SIGKILL');
  expect(await waitForExit(identity, 5_000)).toBe(true);
}

/** One that does not end by itself before the test is done with it. */
const serverThatStays = () => ensureServer({ idleMs: 60_000 });

test('a first start that is killed in mid-initdb leaves rubbish that the next one removes', async () => {
  const starter = startProgram('ensure');
  const { root } = serverPaths();
  const asides = () => (existsSync(root) ? readdirSync(root).filter((name) => name.startsWith('data.init.')) : []);
  await until(() => asides().length > 0);
  await kill(starter.pid as number);
  await ensureServer();
  expect(existsSync(path.join(root, 'data', 'PG_VERSION'))).toBe(true);
  await stopServer();
  rmSync(path.join(root, 'data'), { recursive: true });
  await ensureServer();
  expect(asides()).toEqual([]);
});

test('a starter that is killed while the server starts does no harm', async () => {
  for (let i = 0; i < 3; i++) {
    const starter = startProgram('ensure', { idleSeconds: 60 });
    await until(() => existsSync(serverPaths().keeperFile));
    await kill(starter.pid as number);
    await ensureServer();
    await stopServer({ force: true });
  }
});

test('a database that is still being made for a starter who was killed is waited for', async () => {
  await serverThatStays();
  await withClient(serverUrl('postgres'), async (client) => {
    const waiting = async () => (await client.query(`select from pg_locks where not granted`)).rowCount;
    await client.query(`drop database ${DATABASE} with (force)`);
    await client.query('begin; lock table pg_shdepend in share mode'); // it stops halfway
    const killed = withClient(serverUrl('postgres'), (other) => other.query(`create database ${DATABASE}`));
    await until(async () => (await waiting()) === 1);
    const next = ensureServer();
    await until(async () => (await waiting()) === 2);
    await client.query('commit');
    const [, server] = await Promise.all([killed, next]);
    expect(server).toMatchObject({ started: false });
  });
});

test('all that was committed is there after the postmaster was killed, and its keeper starts it again', async () => {
  const store = await connectStore({ migrate: true });
  const before = await serverStatus();
  const runs: string[] = [];
  for (let i = 0; i < 50; i++) runs.push(await acceptRun(store));
  await kill(before.pid);
  await until(async () => (await serverStatus()).running);
  const after = await serverStatus();
  expect(after.keeperPid).toBe(before.keeperPid);
  expect(after.pid).not.toBe(before.pid);
  await until(() =>
    store.listRuns({ limit: 100 }).then(
      () => true,
      () => false,
    ),
  );
  expect((await store.listRuns({ limit: 100 })).map(({ record }) => record.id)).toEqual(runs.toReversed());
  await store.close();
});

test('a store that finds server and keeper killed starts them again', async () => {
  const store = await connectStore({ migrate: true });
  const run = await acceptRun(store);
  const { pid, keeperPid } = await serverStatus();
  await kill(keeperPid);
  await kill(pid);
  await expect(store.findRun(run)).rejects.toMatchObject({ code: 'database-unreachable' });
  await until(() =>
    store.findRun(run).then(
      () => true,
      () => false,
    ),
  );
  await store.close();
});

test('a connection that was made ahead, and was cut since, is made again', async () => {
  await (await connectStore({ migrate: true })).close();
  const connected = await connectAhead(serverUrl());
  await stopServer();
  const store = await connectStore({ connected });
  expect(await store.listRuns({ limit: 1 })).toBeDefined();
  await store.close();
});

test('a server whose keeper was killed gets another one, and goes on without a break', async () => {
  const { url, pid } = await serverThatStays();
  const server = processIdentity(pid);
  await withClient(url, async (client) => {
    await kill((await serverStatus()).keeperPid);
    expect(await ensureServer()).toMatchObject({ pid, started: false });
    expect((await serverStatus()).keeperPid).not.toBeNull();
    await client.query('select 1');
  });
  expect(server && (await waitForExit(server, 20_000))).toBe(true); // the new keeper stops it
});

test('a keeper that was killed while the socket had another name is no end of it', async () => {
  const { pid } = await serverThatStays();
  const paths = serverPaths();
  await kill((await serverStatus()).keeperPid);
  renameSync(paths.socket, paths.closingSocket);
  expect(await ensureServer()).toMatchObject({ pid, started: false });
});

test.each(['lives', 'was killed'])(
  'a server that lets nobody in until its clients go is replaced: its keeper %s',
  async (keeper) => {
    const { url, pid } = await serverThatStays();
    const { keeperPid } = await serverStatus();
    await withClient(url, async () => {
      if (keeper === 'was killed') await kill(keeperPid);
      process.kill(pid, 'SIGTERM');
      await until(async () => !(await serverStatus()).running);
      const { url: again } = await ensureServer();
      await withClient(again, async () => {});
    });
  },
);

test.skipIf(!existsSync('/usr/bin/flock'))('a server whose keeper was killed right after its launch is taken over', async () => {
  await ensureServer();
  await stopServer();
  const { data, dataLock, keeperFile } = serverPaths();
  const { postgres, env } = findBinaries();
  const slow = `while ! test -e '${keeperFile}'; do sleep 0.01; done; exec '${postgres}' -D '${data}'`;
  const [command, args] = asServerUser(serverUser(data), '/usr/bin/flock', ['-F', dataLock, 'sh', '-c', slow]);
  const launched = spawn(command, args, { stdio: 'ignore', detached: true, cwd: '/', env: { ...process.env, ...env } });
  await until(() => spawnSync('/usr/bin/flock', ['-n', dataLock, 'true']).status === 1);
  expect(await ensureServer()).toMatchObject({ pid: launched.pid });
});

test('it stops about a second after its last client, and not while there is one', async () => {
  const { url, pid } = await ensureServer();
  const server = processIdentity(pid);
  await withClient(url, async (client) => {
    await client.query('select pg_sleep(2.5)');
    expect((await serverStatus()).running).toBe(true);
    await client.query('select 1');
  });
  expect(server && (await waitForExit(server, 20_000))).toBe(true); // `serverStatus` would be a client
  await until(() => liveKeeper(serverPaths()) === null);
  expect(await serverStatus()).toMatchObject({ running: false, keeperPid: null });
  expect(existsSync(serverPaths().ownerFile)).toBe(false);
});

test('one who comes while it stops gets a new server', { timeout: 120_000 }, async () => {
  for (let i = 0; i < 8; i++) {
    await (await connectStore()).close();
    const comesAt = performance.now() + 900 + i * 60; // the stop begins after a second and takes some 150 ms
    await until(() => performance.now() > comesAt);
    const store = await connectStore();
    expect(await store.listRuns({ limit: 1 })).toBeDefined();
    await store.close();
  }
});

test('lock files that name a stranger or a zombie do not keep it from starting', async () => {
  await serverThatStays();
  const { pid, keeperPid } = await serverStatus();
  const paths = serverPaths();
  await kill(keeperPid);
  await kill(pid);
  writeFileSync(path.join(paths.data, 'postmaster.pid'), `${process.pid}\n${paths.data}\n0\n5432\n${paths.socketDir}\n`);
  writeFileSync(`${paths.socket}.lock`, `${process.pid}\n`);
  expect(await ensureServer()).toMatchObject({ started: true });
});

test('a socket that was swept away comes back', async () => {
  const { pid } = await serverThatStays();
  rmSync(serverPaths().socket);
  const again = await ensureServer();
  expect(again.pid).not.toBe(pid);
});

test('a home that is removed takes its server with it', async () => {
  const { pid } = await serverThatStays();
  const server = processIdentity(pid);
  rmSync(own.home, { recursive: true, maxRetries: 5 });
  expect(server && (await waitForExit(server, 20_000))).toBe(true);
  mkdirSync(own.home);
});

test('stopping is refused while a run is held, naming it, unless forced', async () => {
  await serverThatStays();
  const store = await connectStore({ migrate: true });
  const run = await acceptRun(store);
  await store.takeRun(run, { host: 'h', pid: 1, address: 'a' }, 60_000);
  await expect(stopServer()).rejects.toMatchObject({ code: 'database-in-use', message: expect.stringContaining(run) });
  expect((await serverStatus()).running).toBe(true);
  await store.releaseLease(run, 1);
  await store.close();
  expect(await stopServer()).toBe(true);
  expect(await stopServer()).toBe(false);
});

test('stopping is refused while the server does not say whether it is needed', async () => {
  const { pid } = await serverThatStays();
  process.kill(pid, 'SIGSTOP');
  try {
    await expect(stopServer()).rejects.toMatchObject({ code: 'database-unreachable', hint: expect.stringContaining('--force') });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await ensureServer()).toMatchObject({ pid });
});
