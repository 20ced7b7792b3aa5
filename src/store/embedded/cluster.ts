// Makes the data directory, whole or not at all, and writes the server's configuration.
import { spawn } from 'node:child_process';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { saysFull } from '../../db/errors.ts';
import { OutflowError } from '../../model/errors.ts';
import { fileError } from '../../system/file-errors.ts';
import { privateDir } from '../../system/home.ts';
import { lackOfRoom } from '../../system/takes.ts';
import type { Binaries } from './binaries.ts';
import { ROLE, type ServerPaths } from './paths.ts';
import { asServerUser, type ServerUser } from './server-user.ts';

/**
 * Makes the data directory unless it is there; the caller holds the start lock. initdb works in a directory aside, which is
 * renamed at the end: one that was killed in the middle leaves rubbish that the next one removes.
 * Errors: `disk-full`, `bad-environment`; `database-failed` when the data are another Postgres version's.
 */
export async function ensureCluster(paths: ServerPaths, binaries: Binaries, user: ServerUser): Promise<void> {
  const major = await majorVersion(binaries);
  if (!existsSync(path.join(paths.data, 'PG_VERSION'))) await initialize(paths, binaries, user, major);
  const found = readFileSync(path.join(paths.data, 'PG_VERSION'), 'utf8').trim();
  if (found !== String(major)) {
    throw new OutflowError('database-failed', `${paths.data} was made by PostgreSQL ${found}; this outflow brings ${major}`, {
      hint: `use the outflow that made it, or let OUTFLOW_PG_BIN name PostgreSQL ${found}'s programs; or begin anew: move the directory away`,
    });
  }
  try {
    writeConfiguration(paths, user, major);
  } catch (error) {
    throw fileError(error, `cannot write the database's configuration in ${paths.data}`);
  }
}

/** The data with the first run in them. */
const FRESH = { bytes: 64e6, files: 1800 };

async function initialize(paths: ServerPaths, binaries: Binaries, user: ServerUser, major: number): Promise<void> {
  for (const name of readdirSync(paths.root)) {
    // An orphan of the killed process may still be writing into it: then the next start removes it.
    if (name.startsWith('data.init.')) removeIfPossible(path.join(paths.root, name));
  }
  const lack = lackOfRoom(paths.root, FRESH);
  if (lack !== undefined) throw noRoom(paths, lack);
  const aside = privateDir(path.join(paths.root, `data.init.${process.pid}.${Date.now()}`));
  if (user.borrowed) chownSync(aside, user.borrowed.uid, user.borrowed.gid);
  // The builtin locale needs nothing of the host's.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  const args = ['-D', aside, '-U', ROLE, '-A', 'peer', '-E', 'UTF8', '--locale=C', ...locale, '--no-instructions'];
  const { code, output } = await run(...asServerUser(user, binaries.initdb, args), binaries.env);
  if (code !== 0) {
    removeIfPossible(aside);
    throw initError(paths, code, output);
  }
  renameSync(aside, paths.data);
}

function initError(paths: ServerPaths, code: number | null, output: string): OutflowError {
  const words = output.trim().split('\n').slice(-6).join('\n');
  if (saysFull(output)) {
    const isQuota = /quota/i.test(output);
    return noRoom(paths, isQuota ? 'your quota on its disk is used up' : 'the disk is full', new Error(words));
  }
  return new OutflowError('bad-environment', `cannot make the database in ${paths.root}: initdb failed (${code}):\n${words}`, {
    hint: 'OUTFLOW_DATABASE_URL can name a Postgres of your own instead',
  });
}

function noRoom(paths: ServerPaths, why: string, cause?: Error): OutflowError {
  return new OutflowError('disk-full', `cannot make the database in ${paths.root}: ${why}`, {
    hint: 'free about 100 MB, or point OUTFLOW_HOME at a disk that has some; or set OUTFLOW_DATABASE_URL to a Postgres of your own',
    cause,
  });
}

/** Written anew before each start, so that a moved home or another socket directory is no matter. */
function writeConfiguration(paths: ServerPaths, user: ServerUser, major: number): void {
  writeAsServer('postgresql.conf', settings(paths, major));
  // Only this operating system user, only through the socket; not the uid that a root's server borrows.
  writeAsServer('pg_hba.conf', 'local all all peer map=outflow\n');
  writeAsServer('pg_ident.conf', `outflow "${user.clientName.replaceAll('"', '""')}" ${ROLE}\n`);
  writeAsServer('outflow.lock', '');

  function writeAsServer(name: string, text: string): void {
    const file = path.join(paths.data, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (user.borrowed) chownSync(file, user.borrowed.uid, user.borrowed.gid);
  }
}

/**
 * A commit is durable when it is acknowledged (synchronous_commit and fsync on); all else keeps a small server small and quick
 * to start. `io_method = sync` saves three worker processes; `wal_level = minimal` a third of the log of bulk writes.
 * A query whose asker is gone (a task that was ended, a coordinator that was killed) is given up, with the locks that it holds.
 */
function settings(paths: ServerPaths, major: number): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const lines = [
    `# Written by outflow before each start: changes are lost.`,
    `listen_addresses = ''`,
    `unix_socket_directories = ${quoted(`"${paths.socketDir.replaceAll('"', '""')}"`)}`,
    'unix_socket_permissions = 0700',
    'max_connections = 100',
    'shared_buffers = 64MB',
    'wal_level = minimal',
    'max_wal_senders = 0',
    'max_logical_replication_workers = 0',
    'max_wal_size = 512MB',
    'min_wal_size = 64MB',
    'synchronous_commit = on',
    'jit = off',
    ...(major >= 18 ? ['io_method = sync'] : []),
    ...(hasSharedMemory() ? [] : ['dynamic_shared_memory_type = mmap']), // files in its data
    ...(process.platform === 'linux' ? ['recovery_init_sync_method = syncfs', 'client_connection_check_interval = 2s'] : []),
    'restart_after_crash = on',
    'logging_collector = off',
    'log_checkpoints = off',
    `log_line_prefix = '%m [%p] '`,
    'log_min_error_statement = panic',
    `timezone = 'UTC'`,
    `log_timezone = 'UTC'`,
    `lc_messages = 'C'`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Where Linux has POSIX shared memory; a container may have it read-only, or not at all. */
function hasSharedMemory(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    accessSync('/dev/shm', constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function majorVersion(binaries: Binaries): Promise<number> {
  const { output } = await run(binaries.postgres, ['-V'], binaries.env);
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(output)?.[1]);
  if (major >= 14) return major;
  throw new OutflowError(
    'bad-environment',
    `${binaries.postgres} does not run, or is older than PostgreSQL 14: ${output.trim()}`,
    {
      hint: 'let OUTFLOW_PG_BIN name the programs of PostgreSQL 14 or later, or set OUTFLOW_DATABASE_URL',
    },
  );
}

const RUN_TIMEOUT_MS = 120_000;

function run(command: string, args: string[], env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', ...env },
      timeout: RUN_TIMEOUT_MS,
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: -1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

function removeIfPossible(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // It stays as rubbish; it is in nobody's way.
  }
}
