// The work around steps: their inputs got ready, what agents are told of them, the outputs of maps put together.
import type { Event } from '../core/events.ts';
import { mayPass } from '../db/errors.ts';
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure } from '../model/states.ts';
import type { MapStep, Plan, Step } from '../plan/plan.ts';
import type { UnitNeeds } from '../plan/slurm.ts';
import { unitNeeds } from '../plan/unit-needs.ts';
import type { StepInfo } from '../rpc/messages.ts';
import type { Store } from '../store/store.ts';
import type { RunRecord } from '../store/types.ts';
import { type PreparedStep, prepareStep } from './inputs.ts';
import { reduceMap } from './reduce.ts';

export interface StepWorkOptions {
  store: Store;
  record: RunRecord;
  plan: Plan;
  /** CPUs of the local agent: units that ask for more get these there. */
  slots: number;
  /** Whether the step's units run on it. */
  isLocal(step: number): boolean;
  enqueue: (event: Event) => void;
  log: (level: 'error', text: string) => void;
}

export class StepWork {
  readonly #options: StepWorkOptions;
  readonly #prepared = new Map<number, PreparedStep>();

  constructor(options: StepWorkOptions) {
    this.#options = options;
  }

  #step(ordinal: number): Step {
    return this.#options.plan.workflow.steps[ordinal] as Step;
  }

  /** What a unit of the step is granted. */
  needsOf(ordinal: number): UnitNeeds {
    const needs = unitNeeds(this.#step(ordinal));
    return this.#options.isLocal(ordinal) ? { ...needs, cpus: Math.min(needs.cpus, this.#options.slots) } : needs;
  }

  /** The encoded object of an element's iterated inputs; '' for a task step. */
  elementAt(ordinal: number, index: number): string {
    return this.#preparedAt(ordinal).elementAt(index);
  }

  release(ordinal: number): void {
    this.#prepared.delete(ordinal);
  }

  /** Gets a step's inputs ready; ends in `step-prepared` or `step-unprepared`. */
  prepare(ordinal: number, inputs: Record<string, string>): void {
    const step = this.#step(ordinal);
    this.#retried(() => prepareStep(this.#options.store, step, inputs)).then(
      (prepared) => {
        this.#prepared.set(ordinal, prepared);
        this.#options.enqueue({ kind: 'step-prepared', step: ordinal, total: prepared.total });
      },
      (error) => this.#options.enqueue({ kind: 'step-unprepared', step: ordinal, failure: this.#failureOf(error) }),
    );
  }

  /** Puts a map's outputs together; ends in `step-reduced` or `step-unreduced`. */
  reduce(ordinal: number, keepFailures: boolean): void {
    const { store, record } = this.#options;
    const step = this.#step(ordinal) as MapStep;
    this.#retried(() => reduceMap(store, { run: record.id, ordinal, step, keepFailures, directory: record.runDir })).then(
      (outputs) => this.#options.enqueue({ kind: 'step-reduced', step: ordinal, outputs }),
      (error) => this.#options.enqueue({ kind: 'step-unreduced', step: ordinal, failure: this.#failureOf(error) }),
    );
  }

  /** Postgres may be away for a while; anything else is final. */
  async #retried<T>(work: () => Promise<T>): Promise<T> {
    const giveUpAtMs = Date.now() + LIMITS.databasePatienceMs;
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error) || Date.now() > giveUpAtMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  #failureOf(error: unknown): Failure {
    if (!isOutflowError(error)) this.#options.log('error', String((error as Error)?.stack ?? error));
    const message = error instanceof Error ? error.message : String(error);
    return { cause: 'invalid-input', message: isOutflowError(error) && error.hint ? `${message}; ${error.hint}` : message };
  }

  #preparedAt(ordinal: number): PreparedStep {
    const prepared = this.#prepared.get(ordinal);
    if (prepared === undefined) throw new OutflowError('internal', `step ${ordinal} was leased before it was prepared`);
    return prepared;
  }

  info(ordinal: number): StepInfo {
    const step = this.#step(ordinal);
    return {
      step: ordinal,
      id: step.id,
      ...this.needsOf(ordinal),
      map: step.kind === 'map',
      shared: this.#preparedAt(ordinal).shared,
      noOutputs: step.kind === 'map' && step.outputName === undefined,
      isolate: step.kind === 'task' ? step.options.isolate : anyIsolated(step),
    };
  }
}

function anyIsolated(step: MapStep): boolean {
  return step.body.steps.some((each) => (each.kind === 'task' ? each.options.isolate : anyIsolated(each)));
}
