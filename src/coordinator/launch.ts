// Starts a coordinator as its own detached process. It is prepared early, so that it and a first agent load while the pipeline
// is still being bundled, and takes a run when there is one.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fromErrorData, OutflowError } from '../model/errors.ts';
import { runIdFrom } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { privateDir, runDir } from '../system/home.ts';
import { withoutSecrets } from '../system/secrets.ts';
import { selfCommand } from '../system/self.ts';
import type { ConnectMessage, CoordinatorReply, StartMessage } from './messages.ts';

export interface PreparedCoordinator {
  /** Id of the run it will hold: a new one, or the one to resume. */
  readonly run: string;
  /** 0700 directory of the run on this host. */
  readonly runDir: string;
  /** Hands over the accepted run; resolves when the coordinator holds its lease and serves. */
  start(options: Omit<StartMessage, 'kind' | 'run'>): Promise<{ address: string; epoch: number }>;
  /** Ends it without a run and removes a new run's directory. */
  discard(): Promise<void>;
}

export interface PrepareOptions {
  /** The id of a run that was accepted before. */
  resume?: string;
  /** Postgres of outflow's own tables, where it is known already: the coordinator connects to it while it waits. */
  databaseUrl?: string | undefined;
}

/** Spawns a coordinator that waits for `start`. */
export function prepareCoordinator(options: PrepareOptions = {}): PreparedCoordinator {
  const run = options.resume ?? runIdFrom(randomBytes(5));
  const dir = runDir(run);
  privateDir(dir);
  const logFile = path.join(dir, 'coordinator.log');
  const log = openSync(logFile, 'a', 0o600);
  const self = selfCommand('__coordinator', dir, ...(options.resume === undefined ? ['new'] : []));
  const child = spawn(self.command, self.args, {
    argv0: self.argv0,
    detached: true, // its own session: a closed terminal or Ctrl-C does not reach it
    stdio: ['ignore', log, log, 'ipc'],
    env: withoutSecrets(), // the database is told by messages
  });
  closeSync(log);
  child.on('error', () => {}); // told by `reply` below
  const { databaseUrl } = options;
  if (databaseUrl !== undefined) child.send({ kind: 'connect', databaseUrl } satisfies ConnectMessage, () => {});
  return {
    run,
    runDir: dir,
    start: async (start) => {
      const reply = await ask(child, { ...start, kind: 'start', run }, logFile);
      if (reply.kind === 'failed') throw fromErrorData(reply.error);
      child.disconnect();
      child.unref();
      return { address: reply.address, epoch: reply.epoch };
    },
    discard: async () => {
      const gone = exited(child);
      if (child.connected) child.disconnect(); // it ends, with its agent and a new run's directory
      child.unref();
      await gone;
      if (options.resume === undefined) rmSync(dir, { recursive: true, force: true }); // it may have ended in another way
    },
  };
}

function ask(child: ChildProcess, message: StartMessage, logFile: string): Promise<CoordinatorReply> {
  return new Promise((resolve, reject) => {
    const failed = (what: string): void => {
      clearTimeout(timer);
      const tail = lastLines(logFile);
      reject(
        new OutflowError('coordinator-failed', `the coordinator ${what}${tail && `:\n${tail}`}`, {
          hint: `its log is ${logFile}`,
        }),
      );
    };
    const timer = setTimeout(() => failed(`did not start within ${LIMITS.startMs / 1000} s`), LIMITS.startMs);
    if (child.exitCode !== null || child.signalCode !== null) return failed('ended before it began');
    child.once('error', (error) => failed(`could not be started (${error.message})`));
    child.once('exit', (code, signal) => failed(`ended at once (${signal ?? `exit code ${code}`})`));
    child.once('message', (reply: CoordinatorReply) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(reply);
    });
    child.send(message);
  });
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
    }, LIMITS.cancelGraceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
}
