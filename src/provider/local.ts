// The local provider: an allocation is one agent, a detached child process on this host.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { isSameProcess, killGroup, type ProcessIdentity, processIdentity, waitForExit } from '../system/processes.ts';
import { selfCommand } from '../system/self.ts';

export interface LocalAllocation {
  /** Null until it was started. */
  readonly process: ProcessIdentity | null;
  /** Resolves when its process has ended: how, in one line, with the end of what it printed. */
  readonly ended: Promise<string>;
  /** Asks it to leave, and to take with it what it has on this machine's disk. */
  end(): void;
  /** Ends it and its task hosts by force. */
  kill(): void;
}

export interface LocalOptions {
  joinFile: string;
  /** Gets what the agent prints outside of any unit; 0600. */
  logFile: string;
  /** The environment of units: the submitter's. */
  environment: NodeJS.ProcessEnv;
}

/** Starts an agent that dials as soon as the join file says where. It outlives this process. */
export function startLocalAgent(options: LocalOptions): LocalAllocation {
  const log = openSync(options.logFile, 'a', 0o600);
  const self = selfCommand('agent', '--join', options.joinFile);
  const { argv0 } = self;
  const child = spawn(self.command, self.args, {
    argv0,
    detached: true,
    stdio: ['ignore', log, log],
    env: options.environment,
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`the agent could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      const how = `the agent (pid ${child.pid}) ended ${signal ? `by ${signal}` : `with exit code ${code}`}`;
      const tail = lastLines(options.logFile);
      resolve(tail ? `${how}: ${tail}` : how);
    });
  });
  child.unref();
  return {
    process: child.pid === undefined ? null : processIdentity(child.pid),
    ended,
    end: () => child.pid !== undefined && killGroup(child.pid, 'SIGTERM'),
    kill: () => child.pid !== undefined && killGroup(child.pid, 'SIGKILL'),
  };
}

/** An agent that an earlier holder of the run started; undefined when it does not live any more. */
export function adoptLocalAgent(detail: Record<string, unknown>): LocalAllocation | undefined {
  const { pid, startedAt } = detail;
  if (typeof pid !== 'number' || typeof startedAt !== 'string') return undefined;
  const identity = { pid, startedAt };
  if (!isSameProcess(identity)) return undefined;
  return {
    process: identity,
    ended: waitForExit(identity, Number.POSITIVE_INFINITY).then(() => `the agent (pid ${pid}) has ended`),
    end: () => isSameProcess(identity) && killGroup(pid, 'SIGTERM'),
    kill: () => isSameProcess(identity) && killGroup(pid, 'SIGKILL'),
  };
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  } catch {
    return ''; // its directory is gone: there is nothing to tell
  }
}
