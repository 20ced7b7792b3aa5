// What a run's decisions are made from, shared by the parts of core. `emit` collects the effects of the event at hand.
import type { Failure, RunEndState } from '../model/states.ts';
import type { Plan, ValueText } from '../plan/plan.ts';
import type { SiteFacts, UnitNeeds } from '../plan/slurm.ts';
import { Stepper } from '../plan/stepper.ts';
import { Agents } from './agents.ts';
import { Allocations } from './allocations.ts';
import type { Effect } from './effects.ts';
import { NodeBlame } from './node-blame.ts';
import { newPool, type Pool, type PoolSpec } from './pools.ts';
import { StepRun } from './steps.ts';

export interface CoreOptions {
  plan: Plan;
  epoch: number;
  /** What holds agents; the first one is local. */
  pools: readonly PoolSpec[];
  /** The pool whose agents run the step's units, by ordinal. */
  poolOf(step: number): number;
  /** What a unit of the step is granted, by ordinal; already clamped where the backend clamps. */
  needsOf(step: number): UnitNeeds;
  /** Units that may run at once, whatever their CPUs; 0: no bound. 1 for the sequential backend. */
  maxRunning: number;
  /** After a take-over, by step ordinal. */
  restored?: ReadonlyMap<number, RestoredStep>;
}

/** What becomes of the run as a whole. */
export type RunPhase =
  | { kind: 'running' }
  | { kind: 'cancelling'; now: boolean }
  /** The run itself cannot go on (no agent comes up). */
  | { kind: 'failing'; failure: Failure }
  | { kind: 'ended'; state: RunEndState; atMs: number };

/** What an earlier holder committed of a step. */
export interface RestoredStep {
  ended: {
    state: 'succeeded' | 'failed' | 'cancelled' | 'aborted';
    outputs: ValueText | null;
    failure: Failure | null;
  } | null;
  /** Units [from, to). */
  settled: { state: 'succeeded' | 'failed' | 'cancelled' | 'aborted'; from: number; to: number }[];
  attempts: { index: number; attempts: number; failures: number; losses: number; cutOffs: number; last: Failure }[];
  failures: { index: number; failure: Failure }[];
}

export interface State {
  readonly options: CoreOptions;
  readonly steps: StepRun[];
  readonly agents: Agents;
  readonly pools: Pool[];
  readonly hasSlurm: boolean;
  readonly allocations: Allocations;
  readonly nodes: NodeBlame;
  site: { kind: 'unasked' } | { kind: 'asked' } | { kind: 'known'; site: SiteFacts };
  /** Notices so far. */
  readonly said: Set<string>;
  readonly stepper: Stepper<ValueText>;
  readonly restored: ReadonlyMap<number, RestoredStep>;
  phase: RunPhase;
  /** Number of the last lease granted in this epoch. */
  lastN: number;
  nowMs: number;
  effects: Effect[];
}

export function emit(state: State, effect: Effect): void {
  state.effects.push(effect);
}

export function newState(options: CoreOptions): State {
  const { steps } = options.plan.workflow;
  return {
    options,
    steps: steps.map((step, ordinal) => new StepRun(ordinal, step, options.poolOf(ordinal), options.needsOf(ordinal))),
    agents: new Agents(steps.length),
    pools: options.pools.map((spec, ordinal) => newPool(ordinal, spec)),
    hasSlurm: options.pools.some(({ kind }) => kind === 'slurm'),
    allocations: new Allocations(options.epoch),
    nodes: new NodeBlame(),
    site: { kind: 'unasked' },
    said: new Set(),
    stepper: new Stepper<ValueText>(options.plan.workflow, {}, (text) => text),
    restored: options.restored ?? new Map(),
    phase: { kind: 'running' },
    lastN: 0,
    nowMs: 0,
    effects: [],
  };
}

export function stepById(state: State, id: string): StepRun {
  return state.steps.find((step) => step.step.id === id) as StepRun;
}

/** Of some step it is not known yet what it has to do. */
export function isPreparing({ steps }: State): boolean {
  return steps.some((step) => step.phase.kind === 'preparing');
}

/** Nothing more is begun. */
export function isOver(state: State): boolean {
  return state.phase.kind !== 'running';
}
