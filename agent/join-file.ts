// The join file: where the coordinator is and who this agent is. Written by whoever starts the agent, 0600, read at each dial.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutflowError, OutflowError } from '../src/model/errors.ts';
import { LIMITS } from '../src/model/limits.ts';

export interface JoinFile {
  /** gRPC address: `unix:/path`. */
  address: string;
  run: string;
  allocation: string;
  /** Id of the agent; it makes one up where it is not told. */
  agent?: string;
  /** CPU slots. */
  workers: number;
}

const POLL_MS = 10;

function readJoinFile(file: string): JoinFile {
  const hint = 'it is written by the coordinator of a run; give its path with --join';
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new OutflowError('agent-failed', `cannot read the join file ${file}: ${(cause as Error).message}`, { hint, cause });
  }
  const { address, run, allocation, agent, workers } = (content ?? {}) as Record<string, unknown>;
  const isGood =
    typeof address === 'string' &&
    typeof run === 'string' &&
    typeof allocation === 'string' &&
    (agent === undefined || typeof agent === 'string') &&
    Number.isSafeInteger(workers) &&
    (workers as number) >= 1;
  if (!isGood)
    throw new OutflowError('agent-failed', `the join file ${file} lacks address, run, allocation or workers`, { hint });
  return { address, run, allocation, workers: workers as number, ...(agent === undefined ? {} : { agent }) };
}

/** An agent may be started before it is known whom it is for. */
export async function awaitJoinFile(file: string, signal: AbortSignal): Promise<JoinFile> {
  const end = performance.now() + LIMITS.startMs;
  while (!existsSync(file) && performance.now() < end) await sleep(POLL_MS, undefined, { signal });
  return readJoinFile(file);
}

/** While there is none to be read (the run's directory is being moved, a file system hangs), the last one serves. */
export function rereadJoinFile(file: string, last: JoinFile): JoinFile {
  try {
    return { ...last, address: readJoinFile(file).address };
  } catch (error) {
    if (isOutflowError(error)) return last;
    throw error;
  }
}
