// What is to be done about an event: plain values, carried out by the coordinator. The first group must be committed, in one
// transaction, before any of the second is carried out.
import type { Cause, Failure, RunEndState, StepState, UnitState } from '../model/states.ts';
import type { ValueText } from '../plan/plan.ts';
import type { Shape } from '../plan/slurm.ts';
import type { AgentInfo, Lease } from './events.ts';

export type DurableEffect =
  | {
      kind: 'store-units';
      step: number;
      state: UnitState;
      agent: string | null;
      index: number[];
      attempt: number[];
      startedAtMs: number[];
      durationMs: number[];
      output: (string | null)[];
      failure: (Failure | null)[];
    }
  /** `loss`: true counts against maxLosses, false spent a retry, null neither. */
  | { kind: 'store-attempt'; step: number; index: number; attempt: number; agent: string; failure: Failure; loss: boolean | null }
  | {
      kind: 'store-step';
      step: number;
      state: StepState;
      total: number | null;
      outputs: ValueText | null;
      failure: Failure | null;
    }
  | { kind: 'store-agent'; agent: AgentInfo; state: 'connected' | 'lost' | 'left' }
  /** The report is new: its log lines are committed too. */
  | { kind: 'accept-report'; agent: string; seq: number }
  /** Stored before `allocate` is carried out, and again whenever there is more to know of it. */
  | { kind: 'store-allocation'; allocation: string; pool: number; state: 'asked' | 'running' | 'ended' }
  | { kind: 'store-end'; state: RunEndState; failure: Failure | null };

export type SendEffect =
  /** The session's hello was taken; `reportSeq` is the highest report committed. */
  | { kind: 'welcome'; session: number; reportSeq: number }
  | { kind: 'lease'; session: number; step: number; firstN: number; index: number[]; attempt: number[] }
  | { kind: 'cancel-units'; session: number; units: Lease[]; graceMs: number }
  | { kind: 'ack'; session: number; seq: number }
  /** `cause`: why units that are cut off end; absent: nobody knows (better), or none is cut off. */
  | { kind: 'drain'; session: number; reason: string; cause?: Cause }
  /** Get a step's inputs ready, then say `step-prepared`. */
  | { kind: 'prepare'; step: number; inputs: Record<string, ValueText> }
  /** All units of a map are settled and committed: put the outputs together, then say `step-reduced`. */
  | { kind: 'reduce'; step: number; keepFailures: boolean }
  | { kind: 'release'; step: number }
  /** Ask Slurm for its nodes and partitions: ends in `site-known` or `site-unknown`. */
  | { kind: 'ask-site' }
  /** Slurm: one sbatch for all of them, on none of `excludedNodes`. Local: one, without a shape. */
  | { kind: 'allocate'; pool: number; allocations: string[]; shape: Shape | null; excludedNodes: string[] }
  /** One scancel for all of them; repeated until they are said to have ended. */
  | { kind: 'end-allocations'; allocations: string[] }
  /** Ask Slurm once whether it is gone, and why: ends in `allocation-ended`, or in nothing while it lives. `isSignalled`: it is being ended, says an agent. */
  | { kind: 'inspect-allocation'; allocation: string; isSignalled: boolean }
  /** To the user and the run's log; each is said once. */
  | { kind: 'notice'; level: 'info' | 'warn' | 'error'; text: string }
  | { kind: 'run-ended'; state: RunEndState; failure: Failure | null };

export type Effect = DurableEffect | SendEffect;
