// The one stepper: walks a workflow from finished outputs to ready steps. The coordinator steps through the plan with values
// as encoded text, a task host through the subworkflow of a unit with decoded values.
import { assert, assertNever } from '../base/assert.ts';
import type { Step, Workflow } from './plan.ts';

/** `unreachable`: a step before it failed. */
type StepProgress = 'waiting' | 'ready' | 'started' | 'succeeded' | 'failed' | 'unreachable';

/** What of a workflow does not change while it runs; computed once per workflow object. */
interface Shape {
  steps: ReadonlyMap<string, Step>;
  followers: ReadonlyMap<string, readonly string[]>;
  /** Steps that read outputs of this one. */
  readers: ReadonlyMap<string, number>;
}

const shapes = new WeakMap<Workflow, Shape>();

function shapeOf(workflow: Workflow): Shape {
  const known = shapes.get(workflow);
  if (known !== undefined) return known;
  const steps = new Map(workflow.steps.map((step) => [step.id, step]));
  const followers = new Map<string, string[]>(workflow.steps.map((step) => [step.id, []]));
  const readers = new Map<string, number>(workflow.steps.map((step) => [step.id, 0]));
  for (const step of workflow.steps) {
    for (const before of step.after) {
      const list = followers.get(before);
      assert(list !== undefined, `step ${step.id} comes after ${before}, which is not in its workflow`);
      list.push(step.id);
    }
    for (const source of sourceSteps(step)) readers.set(source, (readers.get(source) ?? 0) + 1);
  }
  const shape = { steps, followers, readers };
  shapes.set(workflow, shape);
  return shape;
}

function sourceSteps(step: Step): Set<string> {
  const sources = new Set<string>();
  for (const { source } of step.inputs) if (source.kind === 'step') sources.add(source.step);
  return sources;
}

export class Stepper<V> {
  readonly #workflow: Workflow;
  readonly #shape: Shape;
  readonly #outer: Readonly<Record<string, V>>;
  readonly #decodeBound: (text: string) => V;
  readonly #progress = new Map<string, StepProgress>();
  /** Steps before this one that have not succeeded. */
  readonly #missing = new Map<string, number>();
  readonly #outputs = new Map<string, Readonly<Record<string, V>>>();
  /** Readers of a step's outputs that have not settled: at zero the outputs are dropped. */
  readonly #readers: Map<string, number>;
  readonly #terminating: ReadonlySet<string>;
  #newlyReady: Step[] = [];
  #unsettled: number;

  /** `outer`: the values under the workflow's `inputs`. `decodeBound` reads the encoded values fixed in `setup`. */
  constructor(workflow: Workflow, outer: Readonly<Record<string, V>>, decodeBound: (text: string) => V) {
    this.#workflow = workflow;
    this.#shape = shapeOf(workflow);
    this.#outer = outer;
    this.#decodeBound = decodeBound;
    this.#readers = new Map(this.#shape.readers);
    this.#terminating = new Set(workflow.terminating);
    this.#unsettled = workflow.steps.length;
    for (const step of workflow.steps) {
      this.#missing.set(step.id, step.after.length);
      this.#progress.set(step.id, 'waiting');
      if (step.after.length === 0) this.#makeReady(step);
    }
  }

  /** The steps that became ready since the last call, in the workflow's order. They now count as started. */
  ready(): Step[] {
    const steps = this.#newlyReady;
    this.#newlyReady = [];
    for (const step of steps) this.#progress.set(step.id, 'started');
    return steps;
  }

  /** The inputs of a started step, by name. Left out: defaults, and outputs that the step before did not give. */
  inputsOf(stepId: string): Record<string, V> {
    const step = this.#started(stepId, 'has its inputs read');
    const inputs: Record<string, V> = {};
    for (const { name, source } of step.inputs) {
      switch (source.kind) {
        case 'step': {
          const value = this.#outputs.get(source.step)?.[source.output];
          if (value !== undefined) inputs[name] = value;
          break;
        }
        case 'bound':
          inputs[name] = this.#decodeBound(source.value);
          break;
        case 'outer': {
          const value = this.#outer[source.name];
          if (value !== undefined) inputs[name] = value;
          break;
        }
        case 'default':
          break;
        default:
          assertNever(source, 'source');
      }
    }
    return inputs;
  }

  succeed(stepId: string, outputs: Readonly<Record<string, V>>): void {
    const step = this.#started(stepId, 'succeeds');
    this.#settle(step, 'succeeded');
    if ((this.#readers.get(stepId) as number) > 0 || this.#terminating.has(stepId)) this.#outputs.set(stepId, outputs);
    for (const id of this.#shape.followers.get(stepId) as readonly string[]) {
      const missing = (this.#missing.get(id) as number) - 1;
      this.#missing.set(id, missing);
      if (missing === 0 && this.#progress.get(id) === 'waiting') this.#makeReady(this.#stepOf(id));
    }
  }

  /** All that depends on the step becomes unreachable; independent branches go on. */
  fail(stepId: string): void {
    const step = this.#started(stepId, 'fails');
    this.#settle(step, 'failed');
    const queue = [...(this.#shape.followers.get(stepId) as readonly string[])];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (this.#progress.get(id) !== 'waiting') continue;
      this.#settle(this.#stepOf(id), 'unreachable');
      queue.push(...(this.#shape.followers.get(id) as readonly string[]));
    }
  }

  /** Every step has succeeded, failed or become unreachable. */
  get isDone(): boolean {
    return this.#unsettled === 0;
  }

  /** Every step has succeeded. */
  get hasSucceeded(): boolean {
    return this.#workflow.steps.every(({ id }) => this.#progress.get(id) === 'succeeded');
  }

  /** The steps that cannot run since one before them failed, in the workflow's order. */
  unreachable(): string[] {
    return this.#workflow.steps.filter(({ id }) => this.#progress.get(id) === 'unreachable').map(({ id }) => id);
  }

  /** One record of outputs a terminating step, in their order. All of them must have succeeded. */
  outputsOfTerminating(): Readonly<Record<string, V>>[] {
    return this.#workflow.terminating.map((id) => {
      const outputs = this.#outputs.get(id);
      assert(outputs !== undefined, this.#story(id, 'is asked for its outputs'));
      return outputs;
    });
  }

  /** The steps whose outputs are held for others, in the workflow's order. */
  held(): string[] {
    return this.#workflow.steps.filter(({ id }) => this.#outputs.has(id)).map(({ id }) => id);
  }

  #makeReady(step: Step): void {
    this.#progress.set(step.id, 'ready');
    this.#newlyReady.push(step);
  }

  #settle(step: Step, progress: 'succeeded' | 'failed' | 'unreachable'): void {
    this.#progress.set(step.id, progress);
    this.#unsettled--;
    for (const source of sourceSteps(step)) {
      const readers = (this.#readers.get(source) as number) - 1;
      this.#readers.set(source, readers);
      if (readers === 0 && !this.#terminating.has(source)) this.#outputs.delete(source);
    }
  }

  #stepOf(id: string): Step {
    const step = this.#shape.steps.get(id);
    assert(step !== undefined, `there is no step ${id} in this workflow`);
    return step;
  }

  #started(id: string, what: string): Step {
    const step = this.#stepOf(id);
    assert(this.#progress.get(id) === 'started', this.#story(id, what));
    return step;
  }

  /** What is known of a step, for the message of a broken assertion. */
  #story(id: string, what: string): string {
    const before = this.#stepOf(id).after.map((each) => `${each}: ${this.#progress.get(each)}`);
    const after = before.length === 0 ? 'after nothing' : `after ${before.join(', ')}`;
    return `step ${id} ${what} while it is ${this.#progress.get(id)} (${after})`;
  }
}
