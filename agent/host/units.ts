// Runs units one after another. A unit of nothing costs about 10 µs here, of which 2 are the pulse.
import { writeSync } from 'node:fs';
import { LIMITS } from '../../src/model/limits.ts';
import type { Failure } from '../../src/model/states.ts';
import type { Step } from '../../src/plan/plan.ts';
import { runUnit, UnitError, type UnitOutputs } from '../../src/sdk/internal.ts';
import type { UnitColumns } from '../wire/columns.ts';
import type { StepMessage } from '../wire/messages.ts';
import type { Pulse } from '../wire/pulse.ts';
import { failureFrom } from './failures.ts';
import type { Inputs } from './inputs.ts';
import type { LogLines } from './log-lines.ts';
import type { Outbound } from './outbound.ts';
import { encodeOutputs } from './outputs.ts';
import type { LoadedPipeline } from './pipeline.ts';
import { endScope, runInScope, UnitScope } from './scope.ts';
import type { Surroundings } from './surroundings.ts';
import type { TaskHooks } from './task-hooks.ts';
import { type HostContext, HostUnitContext } from './unit-context.ts';

export interface UnitsOptions {
  outbound: Outbound;
  pulse: Pulse;
  lines: LogLines;
  surroundings: Surroundings;
  hooks: TaskHooks;
  inputs: Inputs;
  pipeline: LoadedPipeline;
  context: HostContext;
  blobDir: string;
}

interface HostStep extends StepMessage {
  plan: Step;
}

interface Batch {
  units: UnitColumns;
  step: HostStep;
  next: number;
}

export class Units {
  readonly #options: UnitsOptions;
  readonly #steps = new Map<number, HostStep>();
  #batches: Batch[] = [];
  #isRunning = false;
  /** Code of a unit that has ended may still run: no other begins here. */
  #isUnfit = false;
  /** The first unit that was not begun because the agent had taken it back; 0: none. */
  #droppedFromK = 0;

  constructor(options: UnitsOptions) {
    this.#options = options;
  }

  addStep(step: StepMessage): void {
    const plan = this.#options.pipeline.steps.get(step.id);
    if (plan === undefined) throw new Error(`the plan has no step ${step.id}`);
    this.#steps.set(step.step, { ...step, plan });
  }

  add(units: UnitColumns): void {
    const step = this.#steps.get(units.step);
    if (step === undefined) throw new Error(`units of a step that was not introduced: ${units.step}`);
    if (this.#isUnfit || this.#droppedFromK > 0) return; // the recall that is on its way tells of these, too
    this.#batches.push({ units, step, next: 0 });
    if (!this.#isRunning) this.#runAll().catch(endAsBroken);
  }

  /** Everything that has not begun is the agent's again. All that it sent before it asked has been added by now. */
  recall(): void {
    const [first] = this.#batches;
    const waitingFromK =
      first && first.next < first.units.index.length ? first.units.firstK + first.next : (this.#batches[1]?.units.firstK ?? 0);
    this.#batches = [];
    this.#options.outbound.send({ kind: 'recalled', fromK: this.#droppedFromK || waitingFromK });
    this.#droppedFromK = 0;
  }

  async #runAll(): Promise<void> {
    const { pulse, outbound } = this.#options;
    this.#isRunning = true;
    let yieldedMs = performance.now();
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      if (batch.next === batch.units.index.length) {
        this.#batches.shift();
        continue;
      }
      const at = batch.next++;
      const k = batch.units.firstK + at;
      pulse.begin(k);
      if (!pulse.mayBegin(k)) {
        pulse.begin(k - 1); // it does not
        this.#droppedFromK = k;
        this.#batches = [];
        break;
      }
      await this.#run(k, at, batch);
      const nowMs = performance.now();
      if (nowMs - yieldedMs >= LIMITS.flushMs) {
        // Units that never wait for anything would otherwise keep the agent's messages out.
        outbound.flush();
        await new Promise(setImmediate);
        yieldedMs = performance.now();
      }
    }
    outbound.flush();
    this.#isRunning = false;
  }

  async #run(k: number, at: number, { units, step }: Batch): Promise<void> {
    const { outbound, lines, surroundings } = this.#options;
    const scope = new UnitScope(k, step.step, units.index[at] as number, units.attempt[at] as number);
    surroundings.grant(step.cpus);
    const startMs = performance.now();
    let text = '';
    let blobs: readonly string[] = [];
    let failure: Failure | undefined;
    try {
      const outputs = await this.#execute(scope, step, units.element[at] as string);
      if (!step.noOutputs) ({ text, blobs } = this.#encode(outputs, step));
    } catch (error) {
      failure = failureFrom(error);
    }
    const endMs = performance.now();
    lines.end(scope);
    endScope(scope);
    surroundings.restore();
    const startedAtMs = performance.timeOrigin + startMs;
    const durationMs = endMs - startMs;
    const unfit = scope.leavesTraces;
    if (unfit) {
      this.#isUnfit = true;
      this.#batches = [];
    }
    if (failure !== undefined) outbound.send({ kind: 'failed', k, startedAtMs, durationMs, failure, unfit });
    else if (blobs.length > 0 || unfit)
      outbound.send({ kind: 'succeeded', k, startedAtMs, durationMs, output: text, blobs: [...blobs], unfit });
    else outbound.result(k, startedAtMs, durationMs, text, endMs);
  }

  /** Settles when the unit does, or when code that it left running throws. */
  #execute(scope: UnitScope, step: HostStep, element: string): Promise<UnitOutputs> {
    const { pipeline, inputs, context, hooks } = this.#options;
    return new Promise((resolve, reject) => {
      scope.fail = (error) => {
        scope.leavesTraces = true;
        reject(error);
      };
      runInScope(scope, () =>
        runUnit({
          step: step.plan,
          functions: pipeline.functions,
          inputs: inputs.decode(step.shared),
          ...(step.map ? { element: inputs.decode(element) } : {}),
          context: new HostUnitContext(scope, step.cpus, context),
          hooks,
        }),
      ).then(resolve, reject);
    });
  }

  #encode(outputs: UnitOutputs, step: HostStep): { text: string; blobs: readonly string[] } {
    try {
      return encodeOutputs(outputs, this.#options.blobDir);
    } catch (error) {
      const task = step.map ? {} : { task: step.id };
      throw new UnitError({ cause: 'invalid-output', message: failureFrom(error).message, ...task }, error);
    }
  }
}

/** A bug of ours: the agent runs what is left in another host, and shows this. */
function endAsBroken(error: unknown): void {
  writeSync(2, `outflow: the task host broke: ${error instanceof Error ? error.stack : error}\n`);
  process.exit(70);
}
