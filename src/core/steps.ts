// The life of a step: waiting → preparing → running → (reducing) → succeeded; or failed, cancelled, aborted.
import { AssertionError, assertNever } from '../base/assert.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, StepState } from '../model/states.ts';
import type { Step, TaskOptions, Workflow } from '../plan/plan.ts';
import type { UnitNeeds } from '../plan/slurm.ts';
import { UNIT, type UnitTable } from './units.ts';

export type Phase =
  | { kind: 'waiting' }
  | { kind: 'preparing' }
  | { kind: 'running'; units: UnitTable }
  /** No unit goes out any more; those that are held are being ended. */
  | { kind: 'stopping'; units: UnitTable; into: 'failed' | 'cancelled'; failure: Failure | null }
  | { kind: 'reducing'; units: UnitTable }
  | { kind: 'ended'; state: 'succeeded' | 'failed' | 'cancelled' | 'aborted'; units: UnitTable | null };

const NEXT: Record<Phase['kind'], readonly Phase['kind'][]> = {
  waiting: ['preparing', 'running', 'reducing', 'ended'],
  preparing: ['running', 'ended'],
  running: ['stopping', 'reducing', 'ended'],
  stopping: ['ended'],
  reducing: ['ended'],
  ended: [],
};

export class StepRun {
  readonly ordinal: number;
  readonly step: Step;
  /** The pool whose agents run its units. */
  readonly pool: number;
  /** What each unit is granted. */
  readonly needs: UnitNeeds;
  /** Failed units, at most as many as a summary names. */
  readonly failures: { index: number; failure: Failure }[] = [];
  /** Why it ended other than well. */
  endFailure: Failure | null = null;
  #phase: Phase = { kind: 'waiting' };

  constructor(ordinal: number, step: Step, pool: number, needs: UnitNeeds) {
    this.ordinal = ordinal;
    this.step = step;
    this.pool = pool;
    this.needs = needs;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The one place where a step's phase is assigned. */
  move(phase: Phase): void {
    if (!NEXT[this.#phase.kind].includes(phase.kind))
      throw new AssertionError(`step ${this.step.id} is ${this.#phase.kind}: may not become ${phase.kind}`);
    this.#phase = phase;
  }

  get units(): UnitTable | null {
    return 'units' in this.#phase ? this.#phase.units : null;
  }

  get isEnded(): boolean {
    return this.#phase.kind === 'ended';
  }

  /** The state in the words of store, proto and CLI. */
  get state(): StepState {
    switch (this.#phase.kind) {
      case 'waiting':
        return 'waiting';
      case 'preparing':
        return 'expanding';
      case 'running':
      case 'stopping':
        return 'running';
      case 'reducing':
        return 'reducing';
      case 'ended':
        return this.#phase.state;
      default:
        return assertNever(this.#phase, 'phase');
    }
  }

  noteFailure(index: number, failure: Failure): void {
    if (this.failures.length < LIMITS.namedFailures) this.failures.push({ index, failure });
  }

  /** Retries allowed after a failure in `task` (a step id within the unit). */
  retriesOf(task: string | undefined): TaskOptions['retries'] {
    if (this.step.kind === 'task') return this.step.options.retries;
    return (task === undefined ? undefined : optionsOf(this.step.body, task)?.retries) ?? { max: 0, delayMs: 0 };
  }

  /** Why the step failed, naming its failed units. */
  failure(): Failure {
    const first = this.failures[0]?.failure ?? { cause: 'exception', message: 'failed' };
    const failed = this.units?.counts[UNIT.failed] ?? this.failures.length;
    if (this.step.kind === 'task') return { ...first, message: `${this.step.id}: ${first.message}` };
    const named = this.failures.map((failure) => failure.index).sort((a, b) => a - b);
    const list = `${named.join(', ')}${failed > named.length ? ', …' : ''}`;
    return {
      ...first,
      message: `${this.step.id}: ${failed} of ${this.units?.total ?? failed} elements failed (${list}); ${this.step.id}/${this.failures[0]?.index}: ${first.message}`,
    };
  }
}

function optionsOf(workflow: Workflow, id: string): TaskOptions | undefined {
  for (const step of workflow.steps) {
    if (step.kind === 'task') {
      if (step.id === id) return step.options;
    } else if (id.startsWith(`${step.id}/`)) {
      const inner = optionsOf(step.body, id);
      if (inner) return inner;
    }
  }
  return undefined;
}
