// Starts the keeper, detached and with its own log, and waits for its one report.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fromErrorData, OutflowError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';
import { outflowHome } from '../../system/home.ts';
import { selfCommand } from '../../system/self.ts';
import type { KeeperReport } from './keeper-file.ts';
import type { ServerPaths } from './paths.ts';

/** Of the caller's environment the keeper gets only this: it outlives the command, and needs no secret. */
const KEPT = [
  'PATH',
  'HOME',
  'OUTFLOW_HOME',
  'XDG_STATE_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'TMPDIR',
  'OUTFLOW_PG_BIN',
  'OUTFLOW_PG_USER',
  'OUTFLOW_SELF',
];

/** Resolves when postgres serves; throws what the keeper reports. The caller holds the start lock. */
export async function startKeeper(paths: ServerPaths, idleMs: number): Promise<void> {
  const log = openSync(paths.keeperLog, 'a', 0o600);
  const { command, args, argv0 } = selfCommand('__keeper', String(idleMs));
  // Absolute, as the keeper's directory is another; named only by who has named it: then the cache is in there too.
  const environment = process.env['OUTFLOW_HOME'] ? { ...process.env, OUTFLOW_HOME: outflowHome() } : process.env;
  const kept = KEPT.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
  const child = spawn(command, args, {
    argv0,
    detached: true, // a session of its own: Ctrl-C in the terminal must not reach it
    stdio: ['ignore', log, log, 'pipe'],
    cwd: '/',
    env: Object.fromEntries(kept),
  });
  closeSync(log);
  child.on('error', () => {}); // the pipe ends without a report
  child.unref();

  const pipe = child.stdio[3] as Readable;
  const timer = setTimeout(() => pipe.destroy(), LIMITS.startMs);
  const said = await text(pipe)
    .catch(() => '')
    .finally(() => clearTimeout(timer));
  if (said === '') {
    throw new OutflowError('database-failed', 'the embedded database did not start: its keeper ended without a word', {
      hint: `the logs are ${paths.keeperLog} and ${paths.postgresLog}`,
    });
  }
  const report = JSON.parse(said) as KeeperReport;
  if (report.kind === 'failed') throw fromErrorData(report.error);
}
