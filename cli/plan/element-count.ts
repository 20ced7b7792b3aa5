// How many units a map will have, where the plan alone tells: its arrays are fixed in `setup`.
import { splitArray } from '../../src/model/values.ts';
import type { MapStep, Plan } from '../../src/plan/plan.ts';

export function elementCount(step: MapStep): number | undefined {
  if (step.elements.kind !== 'iterate') return undefined;
  const counts = step.elements.over.map(({ array }) => {
    const source = step.inputs.find((input) => input.name === array)?.source;
    if (source?.kind !== 'bound' || !source.value.startsWith('[')) return undefined;
    return splitArray(source.value).length;
  });
  return counts.every((count) => count === counts[0]) ? counts[0] : undefined;
}

/** What is known before running: units of tasks and of maps over fixed arrays; and the maps whose units are not. */
export function knownUnits(plan: Plan): { known: number; unknown: string[] } {
  const units = { known: 0, unknown: [] as string[] };
  for (const step of plan.workflow.steps) {
    const count = step.kind === 'map' ? elementCount(step) : 1;
    if (count === undefined) units.unknown.push(step.name);
    else units.known += count;
  }
  return units;
}
