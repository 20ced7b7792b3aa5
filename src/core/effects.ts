// What is to be done about an event: plain values, carried out by the coordinator. The first group must be committed, in one
// transaction, before any of the second is carried out.
import type { Failure, RunEndState, StepState, UnitState } from '../model/states.ts';
import type { ValueText } from '../plan/plan.ts';
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
  | { kind: 'store-allocation'; allocation: string; state: 'asked' | 'running' | 'ended' }
  | { kind: 'store-end'; state: RunEndState; failure: Failure | null };

export type SendEffect =
  /** The session's hello was taken; `reportSeq` is the highest report committed. */
  | { kind: 'welcome'; session: number; reportSeq: number }
  | { kind: 'lease'; session: number; step: number; firstN: number; index: number[]; attempt: number[] }
  | { kind: 'cancel-units'; session: number; units: Lease[]; graceMs: number }
  | { kind: 'ack'; session: number; seq: number }
  | { kind: 'drain'; session: number; reason: string }
  /** Get a step's inputs ready, then say `step-prepared`. */
  | { kind: 'prepare'; step: number; inputs: Record<string, ValueText> }
  /** All units of a map are settled and committed: put the outputs together, then say `step-reduced`. */
  | { kind: 'reduce'; step: number; keepFailures: boolean }
  | { kind: 'release'; step: number }
  | { kind: 'allocate'; allocation: string }
  | { kind: 'run-ended'; state: RunEndState; failure: Failure | null };

export type Effect = DurableEffect | SendEffect;
