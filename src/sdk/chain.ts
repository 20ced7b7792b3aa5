// Chains: what is piped together, as immutable values over a graph of instances.
import { OutflowError } from '../model/errors.ts';
import { CHAIN, type Graph, type Node, outputNames, TASK } from './definition.ts';
import type { ChainTypes, FitsBehind, GivenBy, Joined, NoDuplicates, Piped, Typed } from './types.ts';

/**
 * One or more instances piped together. `needs` are the inputs that nobody within gives, `gives` the outputs of each
 * terminating task, `reads` the command's arguments that its tasks read. Immutable: `pipe` gives a new chain.
 */
export interface Chain<T extends ChainTypes> extends Typed<T> {
  /**
   * Feeds the outputs of this chain's terminating tasks, by name, to the tasks that `next` begins with. Piping one chain
   * into several is fan-out. An output of another type than the input of its name does not compile.
   *
   * @example
   * ```ts
   * const data = GenData();
   * return [data.pipe(Count()), data.pipe(Sort()).pipe(Print())];
   * ```
   */
  pipe<N extends ChainTypes>(next: Typed<N> & FitsBehind<GivenBy<T['gives']>, N['needs']>): Chain<Piped<T, N>>;
}

/** Any chain. */
export type AnyChain = Typed<ChainTypes>;

/** A chain of one instance. */
export function chainOfNode<T extends ChainTypes>(node: Node): Chain<T> {
  return chainOf<T>({ nodes: [node], edges: [], starts: [node], ends: [node] });
}

function chainOf<T extends ChainTypes>(graph: Graph): Chain<T> {
  const chain = {
    [CHAIN]: graph,
    pipe(next: unknown) {
      const after = graphOf(next, 'pipe()');
      const edges = graph.ends.flatMap((from) => after.starts.map((to): readonly [Node, Node] => [from, to]));
      return chainOf({
        nodes: unique([...graph.nodes, ...after.nodes]),
        edges: uniqueEdges([...graph.edges, ...after.edges, ...edges]),
        starts: graph.starts,
        ends: after.ends,
      });
    },
  };
  return Object.freeze(chain) as unknown as Chain<T>;
}

/**
 * Several chains side by side: they run at the same time, and what follows gets the outputs of all of them. Equal output
 * names do not compile (and are the error `duplicate-output`).
 *
 * @example
 * ```ts
 * return join(LoadLeft(), LoadRight()).pipe(Compare());
 * ```
 */
export function join<const C extends readonly [AnyChain, ...AnyChain[]]>(...chains: C & NoDuplicates<C>): Chain<Joined<C>> {
  const graph = combined((chains as readonly unknown[]).map((chain) => graphOf(chain, 'join()')));
  const givers = new Map<string, Node>();
  for (const node of graph.ends) {
    for (const output of outputNames(node)) {
      const other = givers.get(output);
      if (other !== undefined) throw duplicateOutput(other, node, output);
      givers.set(output, node);
    }
  }
  return chainOf<Joined<C>>(graph);
}

function duplicateOutput(first: Node, second: Node, output: string): OutflowError {
  const [a, b] = [first.definition.name, second.definition.name];
  return new OutflowError('duplicate-output', `join() was given ${a} and ${b}, which both give an output named \`${output}\``, {
    hint: 'rename the output in one of the tasks (of a map: `outputName`): data flows by name',
  });
}

function combined(graphs: readonly Graph[]): Graph {
  return {
    nodes: unique(graphs.flatMap(({ nodes }) => nodes)),
    edges: uniqueEdges(graphs.flatMap(({ edges }) => edges)),
    starts: unique(graphs.flatMap(({ starts }) => starts)),
    ends: unique(graphs.flatMap(({ ends }) => ends)),
  };
}

/** The graph behind what a `setup` or a map's body returned: one chain, or an array of them. */
export function graphOfResult(result: unknown, where: string): Graph {
  const chains: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (chains.length === 0 || result === undefined || result === null) {
    throw new OutflowError(
      'bad-definition',
      `${where} returned ${Array.isArray(result) ? 'an empty array' : String(result)}, not a task instance`,
      {
        hint: 'return the terminating instance, or an array of them: `return GenData().pipe(PrintData())`',
      },
    );
  }
  return combined(chains.map((chain) => graphOf(chain, where)));
}

/** The graph behind one chain. */
function graphOf(value: unknown, where: string): Graph {
  const graph = typeof value === 'object' && value !== null ? (value as { [CHAIN]?: Graph })[CHAIN] : undefined;
  if (graph !== undefined) return graph;
  const task = typeof value === 'function' ? (value as { [TASK]?: { name: string } })[TASK] : undefined;
  if (task !== undefined) {
    throw new OutflowError('bad-definition', `${where} was given the task ${task.name} itself, not an instance of it`, {
      hint: `call it: ${task.name}()`,
    });
  }
  throw new OutflowError('bad-definition', `${where} was given ${describe(value)}, not a task instance`, {
    hint: 'instances are made by calling a task, by mapTask() and by join()',
  });
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'object' && value !== null ? 'an object' : typeof value === 'function' ? 'a function' : String(value);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function uniqueEdges(edges: readonly (readonly [Node, Node])[]): (readonly [Node, Node])[] {
  const seen = new Map<Node, Set<Node>>();
  return edges.filter(([from, to]) => {
    const targets = seen.get(from) ?? new Set();
    seen.set(from, targets);
    if (targets.has(to)) return false;
    targets.add(to);
    return true;
  });
}
