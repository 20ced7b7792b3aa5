// A plan as a tree of steps for people: what each takes from where, what is mapped over what, what is known before the run. Pure.
import { formatDuration } from '../../src/base/duration.ts';
import type { Input, MapStep, Plan, Step, Workflow } from '../../src/plan/plan.ts';
import { memoryText } from '../../src/plan/slurm-values.ts';
import { counted, pad, widest } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import { elementCount, knownAfter } from './element-count.ts';

/** The tree's lines. */
export function planTree(plan: Plan, paint: Paint): string[] {
  return workflowLines(plan.workflow, undefined, paint);
}

/** `around`: the map whose elements the workflow is run for; undefined at the top. */
function workflowLines(workflow: Workflow, around: MapStep | undefined, paint: Paint): string[] {
  return workflow.steps.flatMap((step, at) => {
    const isLast = at === workflow.steps.length - 1;
    const [first, ...rest] = stepLines(step, workflow, around, paint);
    const head = `${paint('dim', isLast ? '└─' : '├─')} ${first}`;
    return [head, ...rest.map((line) => `${isLast ? '  ' : paint('dim', '│ ')} ${line}`.trimEnd())];
  });
}

function stepLines(step: Step, workflow: Workflow, around: MapStep | undefined, paint: Paint): string[] {
  const details = [...inputRows(step, workflow, around), ...outputRows(step)];
  const [names, types] = [widest(details.map((row) => row[1])), widest(details.map((row) => row[2]))];
  const lines = details.map(([kind, name, type, from]) =>
    `   ${paint('dim', pad(kind, 5))}  ${pad(name, names)}  ${paint('dim', pad(type, types))}  ${from}`.trimEnd(),
  );
  const inner = step.kind === 'map' ? workflowLines(step.body, step, paint) : [];
  const what = step.kind === 'map' ? mapText(step, workflow, around === undefined) : taskText(step);
  return [`${paint('bold', step.name)}${what && `  ${what}`}`, ...lines, ...inner];
}

function mapText(step: MapStep, workflow: Workflow, isTop: boolean): string {
  const over =
    step.elements.kind === 'iterate' ? step.elements.over.map((one) => one.array).join(' and ') : 'what its generator gives';
  const parts = [`map over ${over}`];
  if (isTop) {
    const units = elementCount(step);
    parts.push(units === undefined ? `units known after ${knownAfter(step, workflow)}` : counted(units, 'unit'));
    parts.push(`${unitText(step)} a unit`);
    if (step.timePerTaskMs !== undefined) parts.push(`at most ${formatDuration(step.timePerTaskMs)} each`);
  }
  if (step.simultaneousTasks !== undefined) parts.push(`at most ${step.simultaneousTasks} at once`);
  if (step.onFailure !== 'finish')
    parts.push(step.onFailure === 'abort' ? 'stops at the first failure' : 'keeps failures as data');
  if (step.reduce === 'custom') parts.push('own reduce');
  return parts.join(' · ');
}

function unitText({ cpusPerTask, memPerTaskMib, gpusPerTask = 0 }: MapStep): string {
  const memory = memPerTaskMib === undefined ? [] : [memoryText(memPerTaskMib)];
  return [counted(cpusPerTask, 'CPU'), ...memory, ...(gpusPerTask > 0 ? [counted(gpusPerTask, 'GPU')] : [])].join(', ');
}

function taskText(step: Step & { kind: 'task' }): string {
  const { role, task, name, options } = step;
  const parts: string[] = [];
  if (role !== 'task') parts.push(role === 'generate' ? "the map's generator" : "the map's reduce");
  else if (task !== name) parts.push(`task ${task}`);
  if (options.timeoutMs !== undefined) parts.push(`timeout ${formatDuration(options.timeoutMs)}`);
  if (options.retries.max > 0) parts.push(`${options.retries.max === 1 ? '1 retry' : `${options.retries.max} retries`}`);
  if (options.isolate) parts.push('a fresh host a unit');
  if (options.runOn === 'allocation') parts.push('in an allocation');
  return parts.join(' · ');
}

type Row = [kind: 'takes' | 'gives', name: string, type: string, from: string];

function inputRows(step: Step, workflow: Workflow, around: MapStep | undefined): Row[] {
  return step.inputs.map((input) => ['takes', input.name, input.type ?? '', sourceText(input, workflow, around)]);
}

function outputRows(step: Step): Row[] {
  return step.outputs.map((output) => ['gives', output.name, output.type ?? '', '']);
}

function sourceText({ name, source }: Input, workflow: Workflow, around: MapStep | undefined): string {
  switch (source.kind) {
    case 'step': {
      const from = workflow.steps.find((step) => step.id === source.step)?.name ?? source.step;
      return source.output === name ? `from ${from}` : `from ${from}.${source.output}`;
    }
    case 'bound':
      return `= ${source.value.length > 40 ? `${source.value.slice(0, 40)}…` : source.value}`;
    case 'outer':
      return outerText(source.name, around);
    case 'default':
      return 'its default';
  }
}

/** An input from outside the body: a part of the element, or the same for all elements. */
function outerText(name: string, around: MapStep | undefined): string {
  if (around?.elements.kind === 'generated') return `${name} of each element, or the same for all`;
  const array = around?.elements.over.find((one) => one.input === name)?.array;
  return array === undefined ? `${name}, the same for all elements` : `each element of ${array}`;
}
