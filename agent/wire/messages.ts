// The other messages between an agent and a task host: one JSON text each. Both are the same build, so nothing is optional for
// the sake of versions.
import type { Failure } from '../../src/model/states.ts';

export interface BeginMessage {
  kind: 'begin';
  run: string;
  command: string;
  /** Encoded object. */
  args: string;
  planSum: string;
  /** The bundle as a file that can be imported. */
  bundlePath: string;
  /** The pipeline's directory on the submitting machine. */
  pipelineDir: string;
  workdir: string;
  /** URLs for `context.db` (`default`) and `context.databases`; they pass here and nowhere else. */
  databases: Record<string, string>;
  /** Directory of blobs, each a file named by its hash. */
  blobDir: string;
  /** Set (null: unset) in the environment of this host before the pipeline is loaded. */
  variables: Record<string, string | null>;
}

/** Before the first units of the step. */
export interface StepMessage {
  kind: 'step';
  step: number;
  id: string;
  cpus: number;
  map: boolean;
  /** Encoded object: inputs that every unit of the step gets. */
  shared: string;
  noOutputs: boolean;
}

export type ToHost =
  | BeginMessage
  | StepMessage
  /** Unit `k` is to end: `context.signal` is aborted. */
  | { kind: 'cancel'; k: number }
  /** Units that have not begun are no longer this host's; answered by `recalled`. */
  | { kind: 'recall' };

/** A log line of a unit: [k, stream, level, epoch milliseconds, text]. */
export type HostLog = [k: number, stream: number, level: number, atMs: number, text: string];

/** A unit by its address, of lines that come after its end. */
export interface UnitAddress {
  step: number;
  index: number;
  attempt: number;
}

export type FromHost =
  /** The plan was built and is the right one. `heapLimitBytes` is V8's. */
  | { kind: 'ready'; heapLimitBytes: number }
  | { kind: 'setup-failed'; failure: Failure }
  | { kind: 'logs'; lines: HostLog[] }
  /** A line that belongs to a unit that has ended, or to none. */
  | { kind: 'late-log'; unit: UnitAddress | null; stream: number; level: number; atMs: number; text: string }
  /** Lines of a unit that were not sent, as it has too many. */
  | { kind: 'dropped'; k: number; count: number }
  | { kind: 'failed'; k: number; startedAtMs: number; durationMs: number; failure: Failure; unfit: boolean }
  /** A success whose output refers to blobs, which are in the blob directory. */
  | { kind: 'succeeded'; k: number; startedAtMs: number; durationMs: number; output: string; blobs: string[]; unfit: boolean }
  /** A task with a timeout begins (`endsAtMs`, epoch milliseconds), or has ended (0). */
  | { kind: 'deadline'; k: number; id: number; task: string; timeoutMs: number; endsAtMs: number }
  /** All units from `fromK` on were dropped before they began; 0: none were waiting. */
  | { kind: 'recalled'; fromK: number }
  /** A call of unit `k` on a database, begun at `beganAtMs` (epoch milliseconds), ended with its connection. */
  | { kind: 'connection-ended'; k: number; beganAtMs: number }
  /** `process.exit` was called by unit `k` (0: by none that runs). */
  | { kind: 'exiting'; k: number; code: number };

/** File descriptors of a host besides 0, 1 and 2. */
export const HOST_FD = { fromAgent: 3, toAgent: 4, pulse: 5 } as const;

/** Indexes in the store's LOG_STREAMS and LOG_LEVELS, as `LogLine` carries them. */
export const STREAM = { stdout: 0, stderr: 1, log: 2, system: 3 } as const;
export const LEVEL = { debug: 0, info: 1, warn: 2, error: 3 } as const;
