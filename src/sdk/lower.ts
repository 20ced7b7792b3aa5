// From a graph of instances to a workflow of steps: names, order and the source of each input. Maps are in lower-map.ts.
import { OutflowError } from '../model/errors.ts';
import type { Step, Workflow } from '../plan/plan.ts';
import type { Graph, Node, TaskDefinition } from './definition.ts';
import { lowerMap } from './lower-map.ts';
import { beforeOf, checkReachable, inOrder, type Lowering, stepNames } from './lowering.ts';
import { resolveInputs, type Surroundings } from './resolve.ts';
import { type Lowered, type Place, taskStep } from './task-step.ts';

/** Throws every error of a graph that is known at plan time. */
export async function lowerWorkflow(graph: Graph, created: readonly Node[], place: Place): Promise<Workflow> {
  checkReachable(created, graph, place.where);
  const before = beforeOf(graph);
  const ordered = inOrder(graph, before, place.where);
  const names = stepNames(graph.nodes);
  const lowered = new Map<Node, Lowered>();
  for (const node of ordered) {
    const id = place.prefix + names.get(node);
    const pipedIn = (before.get(node) ?? []).map((each) => lowered.get(each) as Lowered);
    const around: Surroundings = { ...upstreamOf(id, pipedIn), outer: place.outer, giverOf: (name) => giverOf(name, lowered) };
    const after = pipedIn.map(({ last }) => last);
    lowered.set(
      node,
      node.kind === 'task'
        ? await lowerTask(id, node.definition, node.bound, after, around, place.lowering)
        : await lowerMap(id, node.definition, after, around, place, lowerWorkflow),
    );
  }
  const steps = ordered.flatMap((node) => (lowered.get(node) as Lowered).steps);
  return { steps, inputs: outerNames(steps), terminating: graph.ends.map((node) => (lowered.get(node) as Lowered).last) };
}

/** The outputs of what is piped into a step, by name. Throws `duplicate-output`. */
function upstreamOf(id: string, pipedIn: readonly Lowered[]): Pick<Surroundings, 'upstream' | 'offers'> {
  const upstream = new Map<string, string>();
  for (const { last, outputs } of pipedIn) {
    for (const output of outputs) {
      const other = upstream.get(output);
      if (other !== undefined) {
        throw new OutflowError(
          'duplicate-output',
          `${other} and ${last}, both piped into step ${id}, give an output named \`${output}\``,
          {
            hint: 'rename the output in one of the tasks: data flows by name',
          },
        );
      }
      upstream.set(output, last);
    }
  }
  return { upstream, offers: pipedIn.map(({ last, outputs }) => ({ step: last, outputs })) };
}

/** Which earlier step gives an output; for hints only. */
function giverOf(output: string, lowered: ReadonlyMap<Node, Lowered>): string | undefined {
  return [...lowered.values()].find(({ outputs }) => outputs.includes(output))?.last;
}

/** The names that steps take from outside of their workflow, each once. */
function outerNames(steps: readonly Step[]): string[] {
  const names = new Set<string>();
  for (const { inputs } of steps) for (const { source } of inputs) if (source.kind === 'outer') names.add(source.name);
  return [...names];
}

async function lowerTask(
  id: string,
  definition: TaskDefinition,
  bound: Readonly<Record<string, unknown>>,
  after: string[],
  around: Surroundings,
  lowering: Lowering,
): Promise<Lowered> {
  await lowering.addFunction(id, definition);
  const step = taskStep(id, 'task', definition, after, lowering);
  step.inputs = await resolveInputs(id, definition.inputs, bound, around, lowering);
  return { steps: [step], last: id, outputs: Object.keys(definition.outputs) };
}
