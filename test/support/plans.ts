// Builders of plan data for tests of what comes after planning.
import type { MapStep, Plan, Step, TaskStep } from '../../src/plan/plan.ts';

export function taskStep(id: string, options: Partial<TaskStep> = {}): TaskStep {
  return {
    kind: 'task',
    id,
    name: id,
    task: id,
    language: 'typescript',
    role: 'task',
    after: [],
    inputs: [],
    outputs: [],
    options: { retries: { max: 0, delayMs: 0 }, isolate: false },
    ...options,
  };
}

/** A map over `items`, given by the step `after` as its output of that name. */
export function mapStep(id: string, after: string, options: Partial<MapStep> = {}): MapStep {
  return {
    kind: 'map',
    id,
    name: id,
    after: [after],
    inputs: [{ name: 'items', source: { kind: 'step', step: after, output: 'items' } }],
    outputs: [{ name: 'results' }],
    body: { steps: [taskStep(`${id}/Work`)], inputs: ['item'], terminating: [`${id}/Work`] },
    elements: { kind: 'iterate', over: [{ input: 'item', array: 'items' }] },
    outputName: 'results',
    reduce: 'concatenate',
    cpusPerTask: 1,
    onFailure: 'finish',
    ...options,
  };
}

export function planOf(...steps: Step[]): Plan {
  const before = new Set(steps.flatMap((step) => step.after));
  return {
    version: 1,
    command: 'test',
    args: '{}',
    workflow: { steps, inputs: [], terminating: steps.map(({ id }) => id).filter((id) => !before.has(id)) },
  };
}
