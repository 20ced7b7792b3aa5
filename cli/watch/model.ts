// What is known of a run while it is watched: pure data, made from the coordinator's events.
import { isStepEnd, type RunState, type StepState } from '../../src/model/states.ts';
import type { AllocationProgress, Progress, StepProgress } from '../../src/rpc/messages.ts';

export interface WatchModel {
  run: string;
  command: string;
  backend: string;
  startedAtMs: number;
  state: RunState;
  agents: number;
  cpus: number;
  /** Of Slurm, while the run goes on; none of them has ended. */
  allocations: readonly AllocationProgress[];
  steps: StepView[];
}

export interface StepView {
  label: string;
  /** Several units, with counts and a bar. */
  isMap: boolean;
  state: StepState;
  /** Null: not known yet. */
  total: number | null;
  succeeded: number;
  failed: number;
  /** Settled otherwise: skipped, cancelled, aborted. */
  other: number;
  running: number;
  /** When it was begun and settled, by the coordinator; else when it was first seen so. */
  startedAtMs: number | null;
  endedAtMs: number | null;
  /** (time, units settled) of the last seconds, oldest first, for the rate. */
  samples: { atMs: number; done: number }[];
}

const SAMPLE_EVERY_MS = 500;
const SAMPLES = 16;

export interface WatchedRun {
  run: string;
  command: string;
  backend: string;
  steps: { label: string; isMap: boolean }[];
}

export function newModel(run: WatchedRun, startedAtMs: number): WatchModel {
  const fresh = {
    state: 'waiting',
    total: null,
    succeeded: 0,
    failed: 0,
    other: 0,
    running: 0,
    startedAtMs: null,
    endedAtMs: null,
    samples: [],
  };
  const steps = run.steps.map((step) => ({ ...structuredClone(fresh), ...step, state: 'waiting' as const }));
  const { run: id, command, backend } = run;
  return { run: id, command, backend, startedAtMs, state: 'accepted', agents: 0, cpus: 0, allocations: [], steps };
}

/** The model after a progress event. Steps that are not in it stay as they are. */
export function applyProgress(model: WatchModel, progress: Progress, nowMs: number): WatchModel {
  const news = new Map(progress.steps.map((step) => [step.step, step]));
  const steps = model.steps.map((step, ordinal) => {
    const change = news.get(ordinal);
    return change ? applyStep(step, change, nowMs) : step;
  });
  const { agents, cpus } = progress;
  const isOver = progress.state !== 'running' || steps.every((step) => isStepEnd(step.state));
  const allocations = isOver ? [] : progress.allocations;
  return { ...model, state: progress.state as RunState, agents, cpus, allocations, steps };
}

function applyStep(step: StepView, news: StepProgress, nowMs: number): StepView {
  const state = news.state as StepState;
  const next: StepView = {
    ...step,
    state,
    total: news.totalKnown ? news.total : null,
    succeeded: news.succeeded,
    failed: news.failed,
    other: news.other,
    running: news.running,
    startedAtMs: news.startedAtMs || (step.startedAtMs ?? (state === 'waiting' ? null : nowMs)),
    endedAtMs: isStepEnd(state) ? news.endedAtMs || (step.endedAtMs ?? nowMs) : null,
  };
  const last = step.samples.at(-1);
  if (last && nowMs - last.atMs < SAMPLE_EVERY_MS) return next;
  next.samples = [...step.samples, { atMs: nowMs, done: doneOf(next) }].slice(-SAMPLES);
  return next;
}

export function doneOf(step: StepView): number {
  return step.succeeded + step.failed + step.other;
}

/** Units settled a second over the last seconds; null until it can be told. */
export function rateOf(step: StepView): number | null {
  const [first, last] = [step.samples[0], step.samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < SAMPLE_EVERY_MS || last.done <= first.done) return null;
  return ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
}

/** Milliseconds until the step's last unit at this rate; null where it cannot be told. */
export function etaMs(step: StepView): number | null {
  const rate = rateOf(step);
  if (rate === null || step.total === null) return null;
  return ((step.total - doneOf(step)) / rate) * 1000;
}

/** The steps that settled between two models, in the plan's order. */
export function newlySettled(before: WatchModel, after: WatchModel): StepView[] {
  return after.steps.filter((step, at) => isStepEnd(step.state) && !isStepEnd((before.steps[at] as StepView).state));
}
