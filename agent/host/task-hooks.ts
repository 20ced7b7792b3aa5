// What surrounds each task of a unit: its own variables, and its timeout.
import type { TaskOptions } from '../../src/plan/plan.ts';
import { type RunningTask, TaskError, type TaskScope } from '../../src/sdk/internal.ts';
import { timeoutText } from '../text.ts';
import type { Outbound } from './outbound.ts';
import { runningScope, type UnitScope } from './scope.ts';
import type { Surroundings } from './surroundings.ts';

type Run = (scope?: TaskScope) => Promise<Record<string, unknown>>;

/** The longest time a timer can be set to. */
const TIMER_MS = 2 ** 31 - 1;

export class TaskHooks {
  readonly #outbound: Outbound;
  readonly #surroundings: Surroundings;
  #deadlines = 0;

  constructor(outbound: Outbound, surroundings: Surroundings) {
    this.#outbound = outbound;
    this.#surroundings = surroundings;
  }

  runTask(task: RunningTask, run: Run): Promise<Record<string, unknown>> {
    const { env, timeoutMs } = task.definition.options;
    if (env === undefined && timeoutMs === undefined) return run();
    return this.#runSurrounded(task, task.definition.options, run);
  }

  async #runSurrounded(task: RunningTask, options: TaskOptions, run: Run): Promise<Record<string, unknown>> {
    const undo = options.env && this.#surroundings.useVariables(options.env);
    const scope = runningScope();
    try {
      if (options.timeoutMs === undefined || options.timeoutMs > TIMER_MS || scope === undefined) return await run();
      return await this.#runTimed(task.id, options.timeoutMs, scope, run);
    } finally {
      undo?.();
    }
  }

  /**
   * The agent is told, and ends this process if the task does not end: that serves even against an endless loop. Here the
   * task's signal is aborted, and whatever comes of the task after that is a timeout.
   */
  async #runTimed(task: string, timeoutMs: number, scope: UnitScope, run: Run): Promise<Record<string, unknown>> {
    const id = ++this.#deadlines;
    const tell = (endsAtMs: number): void => this.#outbound.send({ kind: 'deadline', k: scope.k, id, task, timeoutMs, endsAtMs });
    const abort = new AbortController();
    const failure = new TaskError('timeout', timeoutText(timeoutMs));
    const timer = setTimeout(() => {
      scope.leavesTraces = true;
      abort.abort(failure);
    }, timeoutMs);
    tell(Date.now() + timeoutMs);
    try {
      const outputs = await run({ signal: AbortSignal.any([scope.signal, abort.signal]) });
      if (abort.signal.aborted) throw failure;
      return outputs;
    } catch (error) {
      throw abort.signal.aborted ? failure : error;
    } finally {
      clearTimeout(timer);
      tell(0); // also when it was too late: the unit may go on without it
    }
  }
}
