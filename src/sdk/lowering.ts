// What lowering a command's graph into a plan carries along: functions by step id, definitions by name, parsed arguments.
import { OutflowError } from '../model/errors.ts';
import { badDefinition } from './checks.ts';
import type { Graph, Node, StepFunction, TaskDefinition } from './definition.ts';
import { acceptsUndefined, check, issuesText, type Schema } from './schema.ts';
import { typeText } from './type-text.ts';

export interface LoweredCommand {
  command: string;
  /** Names of its arguments. */
  declared: readonly string[];
  args: Readonly<Record<string, unknown>>;
  /** Whether the plan says the types of inputs and outputs. */
  withTypes: boolean;
}

export class Lowering {
  readonly functions = new Map<string, StepFunction>();
  readonly #withTypes: boolean;
  readonly #command: string;
  readonly #args: Readonly<Record<string, unknown>>;
  readonly #declared: ReadonlySet<string>;
  readonly #byName = new Map<string, TaskDefinition>();
  readonly #argsOf = new Map<TaskDefinition, Record<string, unknown>>();
  readonly #optional = new Map<Schema, boolean>();

  constructor({ command, declared, args, withTypes }: LoweredCommand) {
    this.#withTypes = withTypes;
    this.#command = command;
    this.#declared = new Set(declared);
    this.#args = args;
  }

  /** Notes the function of a step. Throws `duplicate-name`, and errors of the arguments that it reads. */
  async addFunction(id: string, definition: TaskDefinition): Promise<void> {
    if (!definition.name.includes('/')) {
      const known = this.#byName.get(definition.name);
      if (known !== undefined && known !== definition) {
        throw new OutflowError('duplicate-name', `two different tasks of command ${this.#command} are named ${definition.name}`, {
          hint: 'give one of them another name; two instances of one task are fine',
        });
      }
      this.#byName.set(definition.name, definition);
    }
    this.functions.set(id, { definition, args: await this.#parsedArgs(definition) });
  }

  /** What the plan says of a schema; undefined where nothing is known, or nobody asks. */
  typeOf(schema: Schema, direction: 'input' | 'output'): string | undefined {
    return this.#withTypes ? typeText(schema, direction) : undefined;
  }

  /** Whether the schema takes `undefined`: an input of it may be left out. */
  async isOptional(schema: Schema): Promise<boolean> {
    const known = this.#optional.get(schema);
    if (known !== undefined) return known;
    const optional = await acceptsUndefined(schema);
    this.#optional.set(schema, optional);
    return optional;
  }

  async #parsedArgs(definition: TaskDefinition): Promise<Record<string, unknown>> {
    const known = this.#argsOf.get(definition);
    if (known !== undefined) return known;
    const parsed: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(definition.args)) {
      if (!this.#declared.has(name) && !(await this.isOptional(schema))) {
        throw badDefinition(
          `task ${definition.name} reads the argument \`${name}\`, which command ${this.#command} does not declare`,
          `add it to the command: args: { ${name}: flag.…() }`,
        );
      }
      const outcome = await check(schema, this.#args[name]);
      if (!outcome.ok) {
        const message = `argument ${name} does not suit task ${definition.name}: ${issuesText(outcome.issues)}`;
        throw new OutflowError(this.#args[name] === undefined ? 'missing-argument' : 'bad-argument', message, {
          hint: `see \`outflow run ${this.#command} --help\``,
        });
      }
      if (outcome.value !== undefined) parsed[name] = outcome.value;
    }
    this.#argsOf.set(definition, parsed);
    return parsed;
  }
}

/** What a node is called in messages. */
function nameOf(node: Node): string {
  return node.definition.name;
}

/** Every instance created in a callback must be part of what it returned, or of the body of a map in it. */
export function checkReachable(created: readonly Node[], graph: Graph, where: string): void {
  const reachable = new Set(withBodies(graph));
  const lost = created.filter((node) => !reachable.has(node)).map(nameOf);
  if (lost.length === 0) return;
  const [what, does] = lost.length === 1 ? ['an instance', 'is'] : ['instances', 'are'];
  throw new OutflowError(
    'unreachable-task',
    `${where} creates ${what} of ${lost.join(', ')} that ${does} not part of what it returns`,
    {
      hint: 'pipe it into what is returned, return it as well ([a, b]), or do not create it. A chain is immutable: use what .pipe() gives',
    },
  );
}

function withBodies({ nodes }: Graph): Node[] {
  return nodes.flatMap((node) => (node.kind === 'map' ? [node, ...withBodies(node.definition.body)] : [node]));
}

/** The nodes, each after all that are piped into it; among equals, in the order of their creation. Throws `cycle`. */
export function inOrder(graph: Graph, before: ReadonlyMap<Node, readonly Node[]>, where: string): Node[] {
  const waiting = [...graph.nodes].sort((a, b) => a.order - b.order);
  const done = new Set<Node>();
  while (waiting.length > 0) {
    const at = waiting.findIndex((node) => (before.get(node) ?? []).every((each) => done.has(each)));
    if (at === -1) throw cycleError(waiting, before, where);
    done.add(waiting.splice(at, 1)[0] as Node);
  }
  return [...done];
}

function cycleError(waiting: readonly Node[], before: ReadonlyMap<Node, readonly Node[]>, where: string): OutflowError {
  const path: Node[] = [];
  let node = waiting[0] as Node;
  while (!path.includes(node)) {
    path.push(node);
    node = (before.get(node) ?? []).find((each) => waiting.includes(each)) as Node;
  }
  const names = [node, ...path.slice(path.indexOf(node)).reverse()].map(nameOf);
  return new OutflowError('cycle', `${where} pipes tasks in a circle: ${names.join(' → ')}`, {
    hint: 'make a second instance of the task where the circle closes',
  });
}

/** Who is piped into each node, in the order of their creation. */
export function beforeOf(graph: Graph): Map<Node, Node[]> {
  const before = new Map<Node, Node[]>();
  for (const [from, to] of graph.edges) before.set(to, [...(before.get(to) ?? []), from]);
  for (const nodes of before.values()) nodes.sort((a, b) => a.order - b.order);
  return before;
}

/** Step names of one workflow: the definition's, and from the second instance on `Compute-2`. */
export function stepNames(nodes: readonly Node[]): Map<Node, string> {
  const names = new Map<Node, string>();
  const taken = new Set<string>();
  for (const node of [...nodes].sort((a, b) => a.order - b.order)) {
    const base = nameOf(node);
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    names.set(node, name);
  }
  return names;
}
