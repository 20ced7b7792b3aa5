// What happens to a run: the only way its state changes is `core.apply(event, nowMs)`.
import type { Cause, Failure } from '../model/states.ts';
import type { ValueText } from '../plan/plan.ts';
import type { SiteFacts, Waiting } from '../plan/slurm.ts';

/** A lease as it travels: see proto LeaseRef. */
export interface Lease {
  step: number;
  index: number;
  epoch: number;
  n: number;
}

export interface AgentInfo {
  id: string;
  /** What it lives in; '': it was started by hand and takes units of any pool. */
  allocation: string;
  host: string;
  pid: number;
  cpus: number;
  /** 0: not known, memory is not packed. */
  memoryMib: number;
  gpus: number;
  /** Slurm's id of its job; '' outside of Slurm. */
  job: string;
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

/** `size`: no node has as much; `limit`: too many jobs for now; `invalid`: never as it is. */
export type Refusal = 'size' | 'limit' | 'invalid';

export type Event =
  /** `session` numbers the connections of this coordinator. */
  | {
      kind: 'agent-connected';
      session: number;
      agent: AgentInfo;
      held: Lease[];
      running: Lease[];
      finished: Lease[];
      /** The reports that tell of `finished`, in its order; 0, or nothing from an older agent: not known. */
      finishedIn: number[];
    }
  /** The connection is gone; the agent may come back. `heardAtMs`: when it said its last. */
  | { kind: 'agent-disconnected'; session: number; heardAtMs: number }
  /** The agent was told to end (`signal`), or sees that it can finish nothing more (''). */
  | { kind: 'agent-leaving'; session: number; signal: string }
  /** A user's wish: the agent ends its units and goes. */
  | { kind: 'drain-requested'; agent: string }
  /** `closed`: no further unit of the step can end on this agent in time. */
  | { kind: 'demand'; session: number; step: number; prefetch: number; closed: boolean }
  | { kind: 'units-started'; session: number; units: Lease[] }
  | { kind: 'report'; session: number; seq: number; succeeded: SettledBatch[]; failed: SettledUnit[]; returned: Lease[] }
  /** The inputs that `prepare` asked for are at hand. */
  | { kind: 'step-prepared'; step: number; total: number }
  | { kind: 'step-unprepared'; step: number; failure: Failure }
  /** The answer to `reduce`: an encoded object of the map's outputs. */
  | { kind: 'step-reduced'; step: number; outputs: ValueText }
  | { kind: 'step-unreduced'; step: number; failure: Failure }
  /** The answers to `ask-site`; `site-unknown`: Slurm does not answer, for good. */
  | { kind: 'site-known'; site: SiteFacts }
  | { kind: 'site-unknown'; message: string }
  /** The answers to `allocate` of a Slurm pool. A take-over finds submitted jobs by name and says so too. */
  | { kind: 'allocations-submitted'; allocations: { id: string; job: string }[] }
  | { kind: 'allocations-refused'; allocations: string[]; why: Refusal; message: string; othersOfOurs: boolean }
  | { kind: 'allocation-waits'; allocation: string; waiting: Waiting }
  | { kind: 'allocation-running'; allocation: string; endsAtMs?: number; node?: string }
  /** What held agents has ended, or never came to be; `detail` is for people (the first lines of its stderr). */
  | { kind: 'allocation-ended'; allocation: string; cause: Cause; detail: string; node?: string }
  | { kind: 'cancel-requested'; now: boolean }
  /** Ends each batch: time-outs are looked at and units are leased here. */
  | { kind: 'tick' };
