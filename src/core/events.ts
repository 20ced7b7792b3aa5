// What happens to a run: the only way its state changes is `core.apply(event, nowMs)`.
import type { Cause, Failure } from '../model/states.ts';
import type { ValueText } from '../plan/plan.ts';

/** A lease as it travels: see proto LeaseRef. */
export interface Lease {
  step: number;
  index: number;
  epoch: number;
  n: number;
}

export interface AgentInfo {
  id: string;
  allocation: string;
  host: string;
  pid: number;
  cpus: number;
  version: string;
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
  lease: Lease;
  startedAtMs: number;
  durationMs: number;
  failure: Failure;
  /** It ended because we asked for it. */
  cancelled: boolean;
}

export type Event =
  /** `session` numbers the connections of this coordinator. */
  | { kind: 'agent-connected'; session: number; agent: AgentInfo; held: Lease[]; running: Lease[]; finished: Lease[] }
  /** The connection is gone; the agent may come back. */
  | { kind: 'agent-disconnected'; session: number }
  | { kind: 'demand'; session: number; step: number; prefetch: number }
  | { kind: 'units-started'; session: number; units: Lease[] }
  | { kind: 'report'; session: number; seq: number; succeeded: SettledBatch[]; failed: SettledUnit[]; returned: Lease[] }
  /** The inputs that `prepare` asked for are at hand. */
  | { kind: 'step-prepared'; step: number; total: number }
  | { kind: 'step-unprepared'; step: number; failure: Failure }
  /** The answer to `reduce`: an encoded object of the map's outputs. */
  | { kind: 'step-reduced'; step: number; outputs: ValueText }
  | { kind: 'step-unreduced'; step: number; failure: Failure }
  | { kind: 'allocation-running'; allocation: string }
  /** What held agents has ended; `detail` is for people (the first lines of its stderr). */
  | { kind: 'allocation-ended'; allocation: string; cause: Cause; detail: string }
  | { kind: 'cancel-requested'; now: boolean }
  /** Ends each batch: time-outs are looked at and units are leased here. */
  | { kind: 'tick' };
