// The states of units, steps and runs, and the causes of an attempt's end (DESIGN words; the same in store, proto and CLI).

/** How a unit settled. `cancelled` is a user's wish, `aborted` a consequence of another's failure, `skipped` never had to run. */
export const UNIT_STATES = ['succeeded', 'failed', 'skipped', 'cancelled', 'aborted'] as const;
export type UnitState = (typeof UNIT_STATES)[number];

export const STEP_STATES = [
  'waiting',
  'expanding',
  'running',
  'reducing',
  'succeeded',
  'failed',
  'cancelled',
  'aborted',
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** Those that a step does not leave any more. */
const STEP_END_STATES = ['succeeded', 'failed', 'cancelled', 'aborted'] as const satisfies readonly StepState[];
export type StepEndState = (typeof STEP_END_STATES)[number];

export function isStepEnd(state: string): state is StepEndState {
  return (STEP_END_STATES as readonly string[]).includes(state);
}

export const RUN_END_STATES = ['succeeded', 'failed', 'cancelled'] as const;
export type RunEndState = (typeof RUN_END_STATES)[number];
/** `orphaned`: not ended, and no live holder of its lease. */
export type RunState = 'accepted' | 'running' | 'cancelling' | 'orphaned' | RunEndState;

/** Why an attempt ended without success. The first group is the unit's own doing and spends its retries; the second is not. */
const OWN_CAUSES = [
  'exception',
  'exit',
  'signal',
  'timeout',
  'out-of-memory',
  'host-crashed',
  'invalid-input',
  'invalid-output',
  'setup-failed',
] as const;
export const LOSS_CAUSES = ['agent-lost', 'node-lost', 'walltime', 'preempted', 'drained', 'cancelled'] as const;
export const CAUSES = [...OWN_CAUSES, ...LOSS_CAUSES] as const;
export type Cause = (typeof CAUSES)[number];

/** The plain data that tells an attempt's failure; with `onFailure: 'keep'` it takes the element's place. */
export interface Failure {
  cause: Cause;
  /** One or few lines: what happened. */
  message: string;
  /** The task within the unit, by step id, when it is known. */
  task?: string;
  /** The user's stack, by source file and line. */
  stack?: string;
  exitCode?: number;
  signal?: string;
  /** Of an attempt that an allocation's end cut off: it had all of that allocation's time. */
  hadWholeTime?: true;
}
