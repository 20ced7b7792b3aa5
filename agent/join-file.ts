// The join file: where the coordinator is and who this agent is. Written by whoever starts the agent, 0600, read at each dial.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutflowError, OutflowError } from '../src/model/errors.ts';
import { LIMITS } from '../src/model/limits.ts';
import type { TlsIdentity } from '../src/rpc/tls.ts';

export interface JoinFile {
  /** gRPC addresses, all of the same coordinator: `unix:/path`, `host:port`. */
  addresses: readonly string[];
  run: string;
  /** Undefined: the agent is told by its command line, or is of no allocation. */
  allocation?: string;
  /** Id of the agent; it makes one up where it is not told. */
  agent?: string;
  /** CPU slots; undefined: what this process may use. */
  workers?: number;
  /** None over a Unix socket. */
  tls?: TlsIdentity;
}

const POLL_MS = 10;

function readJoinFile(file: string): JoinFile {
  const hint = 'the coordinator of a run writes it, and removes it when the run has ended; give its path with --join';
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new OutflowError('agent-failed', `cannot read the join file ${file}: ${(cause as Error).message}`, { hint, cause });
  }
  const join = parseJoin(content);
  if (typeof join === 'string') throw new OutflowError('agent-failed', `the join file ${file} has no good ${join}`, { hint });
  return join;
}

/** The name of the field that is wrong, where one is. */
function parseJoin(content: unknown): JoinFile | string {
  const { addresses, run, allocation, agent, workers, tls } = (content ?? {}) as Record<string, unknown>;
  if (!Array.isArray(addresses) || addresses.length === 0 || !addresses.every((it) => typeof it === 'string')) return 'addresses';
  if (typeof run !== 'string') return 'run';
  if (allocation !== undefined && typeof allocation !== 'string') return 'allocation';
  if (agent !== undefined && typeof agent !== 'string') return 'agent';
  if (workers !== undefined && !(Number.isSafeInteger(workers) && (workers as number) >= 1)) return 'workers';
  if (tls !== undefined && !isTls(tls)) return 'tls';
  return {
    addresses,
    run,
    ...(allocation === undefined ? {} : { allocation }),
    ...(agent === undefined ? {} : { agent }),
    ...(workers === undefined ? {} : { workers: workers as number }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function isTls(tls: unknown): tls is TlsIdentity {
  const { ca, cert, key } = (tls ?? {}) as Record<string, unknown>;
  return [ca, cert, key].every((pem) => typeof pem === 'string' && pem.startsWith('-----BEGIN '));
}

/** An agent may be started before it is known whom it is for; the directory of the file is there by then. */
export async function awaitJoinFile(file: string, signal: AbortSignal): Promise<JoinFile> {
  const end = performance.now() + (existsSync(path.dirname(file)) ? LIMITS.startMs : LIMITS.joinDirectoryMs);
  while (!existsSync(file) && performance.now() < end) await sleep(POLL_MS, undefined, { signal });
  return readJoinFile(file);
}

/** While there is none to be read (the run's directory is being moved, a file system hangs), the last one serves. */
export function rereadJoinFile(file: string, last: JoinFile): JoinFile {
  try {
    return readJoinFile(file);
  } catch (error) {
    if (isOutflowError(error)) return last;
    throw error;
  }
}
