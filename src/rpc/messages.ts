// The messages of proto/outflow/v1 as TypeScript sees them after decoding (every field present; 64-bit numbers as numbers).
// Those of interactive processes are in exec-messages.ts. `test/unit/rpc/messages.test.ts` compares the names with the .proto files.

export interface LeaseRef {
  step: number;
  index: number;
  epoch: number;
  n: number;
}

export interface FailureMessage {
  cause: string;
  message: string;
  task: string;
  stack: string;
  exitCode: number;
  signal: string;
}

export interface LogLine {
  hasUnit: boolean;
  step: number;
  index: number;
  attempt: number;
  seq: number;
  atMs: number;
  /** Index in LOG_STREAMS. */
  stream: number;
  /** Index in LOG_LEVELS. */
  level: number;
  text: string;
}

export interface Hello {
  agent: string;
  allocation: string;
  host: string;
  pid: number;
  cpus: number;
  version: string;
  epoch: number;
  held: LeaseRef[];
  running: LeaseRef[];
  finished: LeaseRef[];
  finishedIn: number[];
  more: boolean;
  memoryBytes: number;
  gpus: number;
  programHash: string;
  job: string;
  protocol: number;
  oldestProtocol: number;
}

export interface Demand {
  step: number;
  prefetch: number;
  closed: boolean;
}

export interface SettledBatch {
  step: number;
  epoch: number;
  n: number[];
  index: number[];
  startedAtMs: number[];
  durationMs: number[];
  output: string[];
}

export interface SettledUnit {
  lease: LeaseRef;
  startedAtMs: number;
  durationMs: number;
  failure: FailureMessage;
  cancelled: boolean;
}

export interface Report {
  seq: number;
  logs: LogLine[];
  succeeded: SettledBatch[];
  failed: SettledUnit[];
  returned: LeaseRef[];
}

export interface Usage {
  cpusUsed: number;
  memoryBytes: number;
  unitsDone: number;
}

export interface Heartbeat {
  atMs: number;
}

export interface Leaving {
  signal: string;
}

/** Exactly one member is set; `kind` names it. */
export type AgentMessage =
  | { kind: 'hello'; hello: Hello }
  | { kind: 'demand'; demand: Demand }
  | { kind: 'started'; started: { units: LeaseRef[] } }
  | { kind: 'report'; report: Report }
  | { kind: 'heartbeat'; heartbeat: Heartbeat }
  | { kind: 'usage'; usage: Usage }
  | { kind: 'leaving'; leaving: Leaving };

export interface Welcome {
  refusal: string;
  epoch: number;
  run: string;
  command: string;
  args: string;
  planHash: string;
  planSum: string;
  bundleHash: string;
  pipelineDir: string;
  workdir: string;
  reportSeq: number;
  databases: Record<string, string>;
  maxRunning: number;
  orphanGraceMs: number;
  environment: Record<string, string>;
  secondsLeft: number;
  tunnel: boolean;
  protocol: number;
  oldestProtocol: number;
  version: string;
}

export interface TimeLeft {
  seconds: number;
}

export interface OpenExec {
  exec: string;
  step: number;
  index: number;
  argv: string[];
  term: string;
  columns: number;
  rows: number;
}

export interface StepInfo {
  step: number;
  id: string;
  cpus: number;
  map: boolean;
  shared: string;
  noOutputs: boolean;
  isolate: boolean;
  memoryMib: number;
  gpus: number;
  timeMs: number;
}

export interface LeaseBatch {
  step: number;
  epoch: number;
  firstN: number;
  index: number[];
  attempt: number[];
  element: string[];
}

export interface Cancel {
  units: LeaseRef[];
  graceMs: number;
}

export interface Drain {
  reason: string;
  cancelRunning: boolean;
  cause: string;
}

export type CoordinatorMessage =
  | { kind: 'welcome'; welcome: Welcome }
  | { kind: 'step'; step: StepInfo }
  | { kind: 'leases'; leases: LeaseBatch }
  | { kind: 'cancel'; cancel: Cancel }
  | { kind: 'retract'; retract: { units: LeaseRef[] } }
  | { kind: 'ack'; ack: { seq: number } }
  | { kind: 'drain'; drain: Drain }
  | { kind: 'heartbeat'; heartbeat: Heartbeat }
  | { kind: 'timeLeft'; timeLeft: TimeLeft }
  | { kind: 'openExec'; openExec: OpenExec };

export interface BlobChunk {
  sha256: string;
  size: number;
  data: Uint8Array;
}

export interface StepProgress {
  step: number;
  state: string;
  totalKnown: boolean;
  total: number;
  succeeded: number;
  failed: number;
  other: number;
  running: number;
  startedAtMs: number;
  endedAtMs: number;
}

export interface Progress {
  steps: StepProgress[];
  agents: number;
  cpus: number;
  state: string;
  slurmCalls: number;
  allocations: AllocationProgress[];
}

export interface AllocationProgress {
  id: string;
  job: string;
  state: string;
  reason: string;
  expectedStartMs: number;
  cpus: number;
}

export interface Notice {
  level: 'info' | 'warn' | 'error';
  text: string;
}

export interface End {
  state: string;
  failure: FailureMessage | null;
}

export type WatchEvent =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'log'; log: LogLine }
  | { kind: 'notice'; notice: Notice }
  | { kind: 'end'; end: End };

export interface AgentStatus {
  id: string;
  host: string;
  allocation: string;
  job: string;
  state: string;
  cpus: number;
  cpusUsed: number;
  unitsDone: number;
  unitsHeld: number;
  secondsLeft: number;
  memoryBytes: number;
  memoryUsedBytes: number;
  gpus: number;
}

export interface TunnelTarget {
  database: string;
  agent: string;
  host: number;
}

export interface TunnelChunk {
  target: TunnelTarget | null;
  data: Uint8Array;
  end: boolean;
}
