// What the steps of a plan are called in lines and addresses: a map of one task goes by that task's name.

import { nearest } from '../../src/loader/nearest.ts';
import { OutflowError } from '../../src/model/errors.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';

/** By ordinal. `Compute` rather than `map_computation_result`, unless another step is called so. */
export function stepLabels(plan: Plan): string[] {
  const { steps } = plan.workflow;
  const wanted = steps.map((step) => soleTask(step) ?? step.id);
  return wanted.map((label, at) => {
    const taken =
      wanted.some((other, otherAt) => otherAt !== at && other === label) ||
      steps.some((step, other) => other !== at && step.id === label);
    return taken ? (steps[at] as Step).id : label;
  });
}

function soleTask(step: Step): string | undefined {
  if (step.kind !== 'map' || step.body.steps.length !== 1) return undefined;
  return step.body.steps[0]?.name;
}

/** The ordinal of the step that `text` names: its label, its id, or a task within it. Error `unknown-step`. */
export function findStep(plan: Plan, text: string): number {
  const { steps } = plan.workflow;
  const labels = stepLabels(plan);
  for (const is of [
    (_step: Step, at: number) => labels[at] === text,
    (step: Step) => step.id === text,
    (step: Step) => step.kind === 'map' && step.body.steps.some((inner) => inner.name === text || inner.id === text),
  ]) {
    const at = steps.findIndex(is);
    if (at >= 0) return at;
  }
  const near = nearest(text, labels);
  throw new OutflowError('unknown-step', `the run has no step ${text}`, {
    hint: near ? `did you mean ${near}?` : `its steps: ${labels.join(', ')}`,
  });
}

/** `Compute/2` for a unit of a map, `GenData` for a task. */
export function unitLabel(plan: Plan, labels: readonly string[], step: number, index: number | null): string {
  const label = labels[step] ?? String(step);
  return plan.workflow.steps[step]?.kind === 'map' && index !== null ? `${label}/${index}` : label;
}
