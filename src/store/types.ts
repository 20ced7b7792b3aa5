// What the store holds and hands out: the shapes shared by its queries, the coordinator and the CLI.
import type { Failure, RunEndState, RunState, StepState, UnitState } from '../model/states.ts';
import type { Backend, ValueText } from '../plan/plan.ts';
import type { SlurmSettings } from '../plan/slurm.ts';

/** One execution of a plan, as it was accepted. Never changes. */
export interface RunRecord {
  id: string;
  createdAt: Date;
  command: string;
  /** Absolute path of the pipeline file, as it was called. */
  pipelineFile: string;
  /** The working directory of units: where `outflow` was called. */
  workdir: string;
  args: ValueText;
  /** The plan as JSON text. */
  plan: string;
  planHash: string;
  /** SHA-256 (hex) of the bundle, which is stored as a blob. */
  bundleHash: string;
  backend: Backend;
  /** CPU slots of the local agent; null: all cores. */
  workers: number | null;
  /** Null: on another backend. */
  slurm: SlurmSettings | null;
  /** 0700 directory of the run on the submitting host: logs, join file, socket address. */
  runDir: string;
  host: string;
  user: string;
  outflowVersion: string;
}

/** Who holds the run's lease. */
export interface Holder {
  host: string;
  pid: number;
  /** gRPC address of the control and agent services. */
  address: string;
}

export type TakeResult =
  | { kind: 'taken'; epoch: number }
  /** Another holder's lease has not expired. */
  | { kind: 'held'; holder: Holder; epoch: number; expiresInMs: number }
  | { kind: 'ended'; state: RunEndState };

/** All that a coordinator commits at once. Empty arrays may be left out. */
export interface CommitBatch {
  /**
   * Grows with each new batch of an epoch, from 1: a batch that is repeated with its number after an unclear error changes
   * nothing if it had been committed. Without it a repeated batch would store its log lines and events twice.
   */
  commitId?: number;
  units?: UnitBatch[];
  attempts?: AttemptRow[];
  logs?: LogRow[];
  steps?: StepRow[];
  /** Highest report seq applied per agent, so that a repeated report is only acknowledged again. */
  agentReports?: { agent: string; seq: number }[];
  agents?: AgentRow[];
  allocations?: AllocationRow[];
  end?: { state: RunEndState; failure: Failure | null };
}

/** Settled units of one step with the same state, column by column (all arrays have the same length). */
export interface UnitBatch {
  /** Ordinal of the step in `plan.workflow.steps`. */
  step: number;
  state: UnitState;
  agent: string | null;
  index: number[];
  /** Number of this unit's last attempt, from 1; 0 when it never ran. */
  attempt: number[];
  /** Epoch milliseconds. */
  startedAtMs: number[];
  durationMs: number[];
  /** Encoded output, never parsed by Postgres; null without one. */
  output: (string | null)[];
  /** JSON of a `Failure`; only for failed ones. */
  failure: (string | null)[];
}

/** An attempt that ended without settling its unit (it is tried again). */
export interface AttemptRow {
  step: number;
  index: number;
  attempt: number;
  agent: string;
  endedAtMs: number;
  failure: Failure;
  /** True: a loss of infrastructure while it was running, counted against `maxLosses`; false: spent a retry; null: neither. */
  loss: boolean | null;
}

export const LOG_STREAMS = ['stdout', 'stderr', 'log', 'system'] as const;
export type LogStream = (typeof LOG_STREAMS)[number];
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogRow {
  /** Ordinal of the step; null for lines of the run itself. */
  step: number | null;
  index: number | null;
  attempt: number | null;
  /** Order within the attempt. */
  seq: number;
  atMs: number;
  stream: LogStream;
  level: LogLevel;
  /** One line; NUL is replaced by the store. */
  text: string;
}

/** A line as it is read back. */
export interface StoredLog extends LogRow {
  /** Grows with commit order within the run: `id > last` never misses a line. */
  id: number;
}

/** A change of a step's state; the newest row of a step counts. */
export interface StepRow {
  step: number;
  state: StepState;
  atMs: number;
  /** Number of units, once known. */
  total: number | null;
  /** Encoded outputs (an object) of a finished map; a task step's are in its unit. */
  outputs: ValueText | null;
  failure: Failure | null;
}

export interface AgentRow {
  id: string;
  allocation: string;
  host: string;
  pid: number;
  cpus: number;
  version: string;
  state: 'connected' | 'lost' | 'left';
  atMs: number;
}

export interface AllocationRow {
  /** Unique name, stored before anything is started. */
  id: string;
  provider: 'local' | 'slurm';
  state: 'asked' | 'running' | 'ended';
  /** Provider's own data (pid and start time; Slurm job id), as JSON. */
  detail: Record<string, unknown>;
  atMs: number;
}

/** What an unsettled unit has behind it. */
export interface AttemptCounts {
  step: number;
  index: number;
  attempts: number;
  /** Of its own. */
  failures: number;
  losses: number;
  /** Losses to the end of an allocation of which it had the whole time. */
  cutOffs: number;
  lastFailure: Failure;
}

/** What a coordinator loads after it took the run. */
export interface LoadedRun {
  record: RunRecord;
  epoch: number;
  cancelRequested: boolean;
  /** Newest state per step ordinal. */
  steps: StepRow[];
  /** Settled units as ranges [from, to), by step ordinal and state: never one object a unit. */
  settled: { step: number; state: UnitState; from: number; to: number }[];
  /** Unsettled units with a history. */
  attempts: AttemptCounts[];
  failures: { step: number; index: number; failure: Failure }[];
  agents: AgentRow[];
  agentReports: { agent: string; seq: number }[];
  allocations: AllocationRow[];
}

/** A line of `runs`, and the head of `status`. */
export interface RunSummary {
  record: RunRecord;
  state: RunState;
  epoch: number;
  holder: Holder | null;
  endedAt: Date | null;
  failure: Failure | null;
  /** It has allocations in Slurm, and all of them wait. */
  waits: boolean;
}

export interface StepSummary extends StepRow {
  succeeded: number;
  failed: number;
  other: number;
  firstStartedAtMs: number | null;
}

export interface UnitRow {
  step: number;
  index: number;
  state: UnitState;
  attempt: number;
  agent: string | null;
  startedAtMs: number;
  durationMs: number;
  output: ValueText | null;
  failure: Failure | null;
}

export interface LogQuery {
  run: string;
  /** Only ids greater than this. Default 0. */
  after?: number;
  step?: number;
  index?: number;
  /** Only lines of units that failed. */
  failedOnly?: boolean;
  sinceMs?: number;
  /** POSIX regular expression on the text. */
  grep?: string;
  /** Rows a page. */
  limit: number;
}
