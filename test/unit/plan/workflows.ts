// Workflows for the tests of the plan, from a few words.
import type { MapStep, Source, Step, TaskStep, Workflow } from '../../../src/plan/plan.ts';

/** A task step; its inputs are written as `{ name: 'step.output' | 'outer.name' | 'default' | '=text' }`. */
export function step(id: string, inputs: Record<string, string> = {}, after: string[] = []): TaskStep {
  const resolved = Object.entries(inputs).map(([name, text]) => ({ name, source: sourceOf(text) }));
  const sources = resolved.flatMap(({ source }) => (source.kind === 'step' ? [source.step] : []));
  return {
    kind: 'task',
    id,
    name: id,
    after: [...new Set([...sources, ...after])],
    inputs: resolved,
    outputs: [{ name: 'out' }],
    language: 'typescript',
    task: id,
    role: 'task',
    options: { retries: { max: 0, delayMs: 0 }, isolate: false },
  };
}

function sourceOf(text: string): Source {
  if (text === 'default') return { kind: 'default' };
  if (text.startsWith('=')) return { kind: 'bound', value: text.slice(1) };
  const [from = '', name = ''] = text.split('.');
  return from === 'outer' ? { kind: 'outer', name } : { kind: 'step', step: from, output: name };
}

export function workflow(steps: Step[], terminating = [steps.at(-1)?.id ?? '']): Workflow {
  return { steps, inputs: [], terminating };
}

export function mapStep(elements: MapStep['elements'], body: Workflow, more: Partial<MapStep> = {}): MapStep {
  const outputName = 'map_output';
  return {
    ...{
      kind: 'map',
      id: 'map',
      name: 'map',
      after: [],
      inputs: [],
      outputs: [{ name: outputName }],
      body,
      elements,
      outputName,
    },
    ...{ reduce: 'concatenate', cpusPerTask: 1, onFailure: 'finish' },
    ...more,
  };
}
