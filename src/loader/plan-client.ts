// The CLI's side of the plan host: starts it early, asks it, turns whatever becomes of it into one error, and always ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type ErrorCode, fromErrorData, OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { planHash } from '../plan/hash.ts';
import type { Plan } from '../plan/plan.ts';
import type { CommandDescription } from '../sdk/internal.ts';
import { killGroup } from '../system/processes.ts';
import { withoutSecrets } from '../system/secrets.ts';
import { selfCommand } from '../system/self.ts';
import { Watchdog } from '../system/watchdog.ts';
import type { PlanAnswers, PlanReply, PlanRequest } from './plan-messages.ts';

export interface PlanHost {
  /** Loads the bundle. Error `pipeline-throws`. */
  load(bundle: { script: string; pipelineDir: string; file: string; hash: string }): Promise<void>;
  /** The commands of the loaded pipeline. Errors `no-commands`, `bad-definition`, `reserved-name`. */
  describe(): Promise<CommandDescription[]>;
  /** Runs `setup` (twice) and checks the workflow. Errors `setup-throws`, `setup-not-deterministic`, `unknown-command`, those of `buildPlan`. */
  plan(command: string, args: Record<string, unknown>): Promise<{ plan: Plan; planHash: string }>;
  /** The default export of a configuration that is code, as plain data. Error `bad-config`. */
  config(config: { script: string; pipelineDir: string; file: string }): Promise<unknown>;
  /** Ends the process and all that it started; resolves when it is gone. Requests under way are rejected. */
  close(): Promise<void>;
}

export interface OpenPlanHost {
  signal?: AbortSignal | undefined;
  cwd?: string | undefined;
  /** Takes what user code prints; by default this process's stderr. */
  output?: ((chunk: Buffer) => void) | undefined;
  /** How long one request may take. */
  timeoutMs?: number | undefined;
}

interface Waiting {
  request: PlanRequest;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

/** Starts the host at once; the bundle may come later. `signal` closes it. */
export function openPlanHost(options: OpenPlanHost = {}): PlanHost {
  const { signal, timeoutMs = LIMITS.startMs } = options;
  const child = start(options.cwd);
  const { pid } = child;
  const watchdog = new Watchdog(); // should this process be killed while the host is in a loop without end
  if (pid !== undefined) {
    watchdog.start();
    watchdog.add(pid);
  }
  const waiting = new Map<number, Waiting>();
  let isReady = false;
  let ended: unknown;
  /** What came before `ready`: of Node, when it cannot start; or what overtook `ready`, since they are two pipes. */
  const early: Buffer[] = [];
  let hash = '';

  const end = (error: unknown): void => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    kill(child);
  };
  const output = options.output ?? ((chunk: Buffer) => process.stderr.write(chunk));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (isReady) output(chunk);
      else early.push(chunk);
    });
  }
  child.on('message', (reply: PlanReply) => {
    if (reply.kind === 'ready') {
      isReady = true;
      for (const chunk of early) output(chunk);
      return;
    }
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.kind === 'answer') asked?.resolve(reply.answer);
    else asked?.reject(fromErrorData(reply.error));
  });
  const gone = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      end(new OutflowError('internal', `the plan host cannot be started: ${error.message}`, { cause: error }));
      if (pid === undefined) resolve();
    });
    // All that it printed has been read by then.
    child.on('close', (code, by) => {
      const how = by === null ? `exit code ${code}` : by;
      end(
        isReady ? endedBy(waiting.values().next().value?.request, how) : notStarted(how, Buffer.concat(early).toString('utf8')),
      );
      watchdog.remove(pid as number);
      watchdog.stop();
      resolve();
    });
  });
  const onAbort = (): void => end(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });

  let lastId = 0;
  const ask = <K extends keyof PlanAnswers>(request: PlanRequest & { kind: K }): Promise<PlanAnswers[K]> => {
    if (ended !== undefined) return Promise.reject(ended);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(tooSlow(request, timeoutMs)), timeoutMs);
      const settle = <T>(then: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          clearTimeout(timer);
          then(value);
        };
      };
      waiting.set(id, { request, resolve: settle(resolve as (answer: unknown) => void), reject: settle(reject) });
      child.send({ ...request, id }, (error) => {
        if (error) waiting.get(id)?.reject(ended ?? endedBy(request, error.message));
      });
    });
  };

  return {
    load: async ({ script, pipelineDir, file, hash: bundleHash }) => {
      hash = bundleHash;
      await ask({ kind: 'load', script, pipelineDir, file });
    },
    describe: () => ask({ kind: 'describe' }),
    plan: async (command, args) => {
      const plan = await ask({ kind: 'plan', command, args });
      return { plan, planHash: planHash(plan, hash, (text) => createHash('sha256').update(text).digest('hex')) };
    },
    config: (config) => ask({ kind: 'config', ...config }),
    close: async () => {
      signal?.removeEventListener('abort', onAbort);
      end(new OutflowError('internal', 'the plan host was closed'));
      await gone;
    },
  };
}

/** In a process group of its own: Ctrl-C does not reach it, and what user code starts is ended with it. */
function start(cwd: string | undefined): ChildProcess {
  const self = selfCommand('__plan-host');
  return spawn(self.command, self.args, {
    argv0: self.argv0,
    cwd,
    env: withoutSecrets(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function kill(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid, 'SIGKILL');
}

function codeAndWho(request: PlanRequest | undefined): [ErrorCode, string] {
  switch (request?.kind) {
    case 'plan':
      return ['setup-throws', `setup of command ${request.command}`];
    case 'config':
      return ['bad-config', `the configuration ${request.file}`];
    case 'load':
      return ['pipeline-throws', `the pipeline file ${request.file}`];
    default:
      return ['pipeline-throws', 'the pipeline file'];
  }
}

function endedBy(request: PlanRequest | undefined, how: string): OutflowError {
  const [code, who] = codeAndWho(request);
  return new OutflowError(code, `${who} ended the process that ran it (${how})`, {
    hint: 'look for code that ends its own process, crashes in a native package, or takes all the memory',
  });
}

function tooSlow(request: PlanRequest, timeoutMs: number): OutflowError {
  const [code, who] = codeAndWho(request);
  return new OutflowError(code, `${who} did not end within ${timeoutMs / 1000} s`, {
    hint: 'it may only build the workflow; what takes time, or waits for something, belongs in a task',
  });
}

function notStarted(how: string, printed: string): OutflowError {
  const hint = 'build outflow again (npm run build)';
  return new OutflowError('internal', `the plan host ended before it began (${how})${printed && `:\n${printed.trimEnd()}`}`, {
    hint,
  });
}
