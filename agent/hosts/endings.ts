// Why the unit that ran in a host that died has failed. Pure.
import type { Failure } from '../../src/model/states.ts';

export interface HostEnd {
  code: number | null;
  signal: string | null;
  error?: Error;
}

/** What the agent was about when the host died: it may be its own doing. */
export type EndedBy =
  | { kind: 'itself' }
  | { kind: 'timeout'; task: string; message: string }
  | { kind: 'memory'; bytes: number; limitMib: number }
  | { kind: 'cancel' }
  | { kind: 'drain' };

export interface Death {
  end: HostEnd;
  by: EndedBy;
  /** `process.exit` was called by the unit. */
  exitCode: number | undefined;
  /** The last of what it wrote to stderr. */
  stderr: string;
  heapLimitBytes: number;
  /** `memPerTask` of what ran in it; 0: none. */
  limitMib: number;
}

export function failureOfDeath(death: Death): Failure {
  const { end, by } = death;
  const overridden = overriding(by);
  if (overridden !== undefined) return overridden;
  if (by.kind === 'cancel') return { cause: 'cancelled', message: 'cancelled' };
  if (by.kind === 'drain') return { cause: 'drained', message: 'its agent had to leave' };
  if (isOutOfMemory(death)) return { cause: 'out-of-memory', message: outOfMemoryText(death) };
  if (death.exitCode !== undefined) {
    return { cause: 'exit', exitCode: death.exitCode, message: `the task called process.exit(${death.exitCode})` };
  }
  if (end.signal !== null) return { cause: 'signal', signal: end.signal, message: signalText(end.signal) };
  const how = end.error ? end.error.message : `exit code ${end.code}`;
  const said = firstLines(death.stderr);
  return { cause: 'host-crashed', message: `the task's process ended unexpectedly (${how})${said && `:\n${said}`}` };
}

/** Why a unit was ended, where that is why it failed, whatever it says itself. */
export function overriding(by: EndedBy): Failure | undefined {
  if (by.kind === 'timeout') return { cause: 'timeout', message: by.message, task: by.task };
  if (by.kind === 'memory') return { cause: 'out-of-memory', message: overLimitText(by.bytes, by.limitMib) };
  return undefined;
}

/** Why a host that ended before its first unit could not run any. */
export function failureOfStart({ end, stderr }: Pick<Death, 'end' | 'stderr'>): Failure {
  const how = end.error?.message ?? end.signal ?? `exit code ${end.code}`;
  const said = firstLines(stderr);
  return { cause: 'setup-failed', message: `the task's process ended before it could begin (${how})${said && `:\n${said}`}` };
}

function isOutOfMemory({ end, stderr }: Death): boolean {
  const isAbort = end.signal === 'SIGABRT' || end.signal === 'SIGTRAP' || end.signal === 'SIGILL' || end.code === 134;
  return isAbort && /JavaScript heap out of memory|Reached heap limit|Allocation failed|Fatal process out of memory/.test(stderr);
}

function overLimitText(bytes: number, limitMib: number): string {
  return `the unit used ${Math.round(bytes / 1024 / 1024)} MiB of memory, more than its memPerTask of ${limitMib} MiB; raise memPerTask`;
}

function outOfMemoryText({ heapLimitBytes, limitMib }: Death): string {
  const limit = heapLimitBytes > 0 ? ` of ${Math.round(heapLimitBytes / 1024 / 1024)} MiB` : '';
  if (limitMib > 0)
    return `the task ran out of memory: it needs more than V8's heap limit${limit}, which follows from its memPerTask of ${limitMib} MiB; raise memPerTask`;
  return `the task ran out of memory: it needs more than V8's heap limit${limit}; raise it by starting outflow with NODE_OPTIONS=--max-old-space-size=MIB in the environment`;
}

function signalText(signal: string): string {
  const hint = signal === 'SIGKILL' ? '; the kernel does this where memory runs out' : '';
  return `the task's process was ended by ${signal}${hint}`;
}

/** Lines that say something, for people. */
function firstLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 5)
    .join('\n');
}
