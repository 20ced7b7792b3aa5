// A task step, and what lowering passes between workflows, maps and tasks.
import type { Step, TaskStep, Workflow } from '../plan/plan.ts';
import type { Graph, Node, TaskDefinition } from './definition.ts';
import type { Lowering } from './lowering.ts';

export interface Place {
  /** `''` at the top, else the map's id and a slash. */
  prefix: string;
  /** For messages: `setup of command x`, `the body of map y`. */
  where: string;
  /** Names that the enclosing subworkflow gives. */
  outer: ReadonlySet<string>;
  lowering: Lowering;
}

/** What a lowered node is for those after it. */
export interface Lowered {
  steps: Step[];
  /** The step that gives the node's outputs: the node's own, or its `<map>/reduce`. */
  last: string;
  outputs: string[];
}

export type LowerWorkflow = (graph: Graph, created: readonly Node[], place: Place) => Promise<Workflow>;

/** A task step whose inputs are still to be resolved. */
export function taskStep(
  id: string,
  role: TaskStep['role'],
  definition: TaskDefinition,
  after: string[],
  lowering: Lowering,
): TaskStep {
  return {
    kind: 'task',
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    after,
    inputs: [],
    outputs: Object.entries(definition.outputs).map(([name, schema]) => {
      const type = lowering.typeOf(schema, 'output');
      return { name, ...(type === undefined ? {} : { type }) };
    }),
    language: 'typescript',
    task: definition.name,
    role,
    options: definition.options,
  };
}
