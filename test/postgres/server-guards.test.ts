// Whom the embedded server refuses, and what it says where it cannot run.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { serverPaths } from '../../src/store/embedded/paths.ts';
import { ensureServer } from '../../src/store/embedded/server.ts';
import { serverStatus, stopServer } from '../../src/store/embedded/status.ts';
import { processIdentity, waitForExit } from '../../src/system/processes.ts';
import { ownHome } from '../support/postgres.ts';

const own = ownHome();
const isRoot = process.getuid?.() === 0;
afterEach(async () => {
  process.env['OUTFLOW_HOME'] = own.home;
  await stopServer({ force: true });
});

/** What Postgres, or the kernel, tells another user who comes to the socket. */
function connectAs(uid: number, socketDir: string): string {
  const script = `
    const client = new (require('pg').Client)({ host: process.argv[1], user: 'outflow', database: 'outflow' });
    client.connect().then(() => console.log('in'), (error) => console.log(error.code ?? error.message)).finally(() => process.exit());`;
  const { stdout } = spawnSync(process.execPath, ['-e', script, socketDir], {
    uid,
    gid: uid,
    encoding: 'utf8',
    cwd: path.resolve(import.meta.dirname, '..', '..'),
    timeout: 20_000,
  });
  return stdout.trim();
}

test.skipIf(!isRoot)('another user does not get in, not even where all modes are open', async () => {
  const { url } = await ensureServer({ idleMs: 60_000 });
  const { socketDir, socket, root } = serverPaths();
  expect(connectAs(65534, socketDir)).toBe('EACCES');
  for (const directory of [path.dirname(own.home), own.home, root, socketDir]) chmodSync(directory, 0o755);
  chmodSync(socket, 0o777);
  expect(connectAs(65534, socketDir)).toBe('28000');
  await withClient(url, async () => {});
});

test.skipIf(!isRoot)('run by root, the server has no other of its capabilities than to pass closed directories', async () => {
  const { pid } = await ensureServer({ idleMs: 60_000 });
  const { stdout } = spawnSync('/bin/grep', ['-E', '^(Uid|Cap(Prm|Eff|Inh|Amb))', `/proc/${pid}/status`], { encoding: 'utf8' });
  expect(stdout).not.toMatch(/Uid:\s+0/);
  expect(new Set(stdout.match(/[0-9a-f]{16}/g))).toEqual(new Set(['0000000000000002']));
});

test('there is no network port', async () => {
  const { url } = await ensureServer({ idleMs: 60_000 });
  const listens = await withClient(url, (client) => client.query('show listen_addresses'));
  expect(listens.rows).toEqual([{ listen_addresses: '' }]);
});

test('a path that is too long for a socket is no obstacle', async () => {
  const home = path.join(path.dirname(own.home), 'l'.repeat(120));
  process.env['OUTFLOW_HOME'] = home;
  const { url } = await ensureServer({ idleMs: 60_000 });
  expect(serverPaths().socketDir).toMatch(/^\/tmp\/outflow-/);
  await withClient(url, async () => {});
  await stopServer();
  rmSync(serverPaths().socketDir, { recursive: true });
});

test('data that another host uses are left alone: which host, and what to do', async () => {
  const { root, ownerFile } = serverPaths();
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(ownerFile, JSON.stringify({ host: 'login2', boot: 'other', since: '2026-01-01T00:00:00Z' }));
  await expect(ensureServer()).rejects.toMatchObject({
    code: 'wrong-host',
    message: expect.stringContaining('login2'),
    hint: expect.stringMatching(/OUTFLOW_DATABASE_URL.*owner\.json/s),
  });
  await expect(stopServer()).rejects.toMatchObject({ code: 'wrong-host' });
  rmSync(ownerFile);
});

test.skipIf(!existsSync('/usr/bin/flock'))('data whose lock somebody else holds are left alone', async () => {
  await ensureServer();
  await stopServer();
  const holder = spawn('/usr/bin/flock', [serverPaths().dataLock, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    await once(holder.stdout, 'data');
    await expect(ensureServer()).rejects.toMatchObject({
      code: 'database-in-use',
      hint: expect.stringContaining('OUTFLOW_DATABASE_URL'),
    });
  } finally {
    process.kill(-(holder.pid as number), 'SIGKILL');
    await once(holder, 'exit');
  }
});

test('data of another major version are refused by name', async () => {
  await ensureServer();
  await stopServer();
  const file = path.join(serverPaths().data, 'PG_VERSION');
  writeFileSync(file, '15\n');
  await expect(ensureServer()).rejects.toMatchObject({
    code: 'database-failed',
    message: expect.stringMatching(/made by PostgreSQL 15; .* brings 18/),
  });
  writeFileSync(file, '18\n');
});

test('a server that does not come up is told with the end of its log', async () => {
  await ensureServer();
  await stopServer();
  const control = path.join(serverPaths().data, 'global', 'pg_control');
  rmSync(control);
  await expect(ensureServer()).rejects.toMatchObject({ code: 'database-failed', message: expect.stringMatching(/pg_control/) });
  rmSync(serverPaths().data, { recursive: true });
});

test('wrong settings are named', async () => {
  process.env['OUTFLOW_DB_IDLE'] = 'soon';
  await expect(ensureServer()).rejects.toMatchObject({
    code: 'bad-environment',
    message: expect.stringContaining('OUTFLOW_DB_IDLE'),
  });
  process.env['OUTFLOW_DB_IDLE'] = '0';
  process.env['OUTFLOW_PG_BIN'] = '/nowhere';
  await expect(ensureServer()).rejects.toMatchObject({
    code: 'bad-environment',
    hint: expect.stringContaining('OUTFLOW_PG_BIN'),
  });
  delete process.env['OUTFLOW_PG_BIN'];
});

const canMount = isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

// Skipped where no file system can be mounted: not as root, or in a closed container.
test.skipIf(!canMount)('a full disk is told as such, at the first start', { timeout: 120_000 }, async () => {
  const disk = path.join(tmpdir(), `outflow-disk-${process.pid}`);
  mkdirSync(disk, { mode: 0o700 });
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=0700', 'tmpfs', disk]);
  try {
    process.env['OUTFLOW_HOME'] = path.join(disk, 'home');
    await expect(ensureServer()).rejects.toMatchObject({ code: 'disk-full', hint: expect.stringContaining('OUTFLOW_HOME') });
  } finally {
    spawnSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  }
});

test('nothing of it is left running', async () => {
  const { pid } = await ensureServer({ idleMs: 60_000 });
  const { keeperPid } = await serverStatus();
  const processes = [pid, keeperPid as number].map((one) => processIdentity(one));
  await stopServer();
  for (const one of processes) expect(one && (await waitForExit(one, 5_000))).toBe(true);
});
