// How many units a map will have, where the plan alone tells: its arrays are fixed in `setup`.
import { splitArray } from '../../src/model/values.ts';
import type { MapStep, Plan, Workflow } from '../../src/plan/plan.ts';

export function elementCount(step: MapStep): number | undefined {
  if (step.elements.kind !== 'iterate') return undefined;
  const counts = step.elements.over.map(({ array }) => {
    const source = step.inputs.find((input) => input.name === array)?.source;
    if (source?.kind !== 'bound' || !source.value.startsWith('[')) return undefined;
    return splitArray(source.value).length;
  });
  return counts.every((count) => count === counts[0]) ? counts[0] : undefined;
}

export interface KnownUnits {
  /** Of tasks, and of maps over arrays that are fixed in `setup`. */
  known: number;
  /** The maps whose number of units is not known before the run, and the steps after which it is. */
  unknown: { step: string; after: string }[];
}

export function knownUnits(plan: Plan): KnownUnits {
  const units: KnownUnits = { known: 0, unknown: [] };
  for (const step of plan.workflow.steps) {
    const count = step.kind === 'map' ? elementCount(step) : 1;
    if (count !== undefined) units.known += count;
    else if (step.kind === 'map') units.unknown.push({ step: step.name, after: knownAfter(step, plan.workflow) });
  }
  return units;
}

/** The steps whose outputs a map is over: when they are there, its units are known. */
export function knownAfter(step: MapStep, workflow: Workflow): string {
  const names = step.elements.kind === 'iterate' ? step.elements.over.map((one) => one.array) : [step.elements.input];
  const sources = step.inputs.flatMap(({ name, source }) =>
    names.includes(name) && source.kind === 'step' ? [source.step] : [],
  );
  return (
    [...new Set(sources.map((id) => workflow.steps.find((one) => one.id === id)?.name ?? id))].join(' and ') || 'the run began'
  );
}
