// The nodes that an allocation may get, as far as its directives say so, and what it may get of them; the rest (reservations,
// licenses …) is Slurm's matter.
import { hostNames } from '../plan/host-list.ts';
import type { Directive, NodeFacts, PartitionFacts, SiteFacts } from '../plan/slurm.ts';

/** States of nodes that get no jobs for now. A busy node counts: it will be free. */
const UNUSABLE = /^(down|drain|drng|fail|error|unknown|inval|future|maint|blocked)/;
/** Names of features joined by `&` and `|`. What else Slurm understands (counts, brackets, negation) is left to it. */
const SIMPLE_CONSTRAINT = /^[\w.:-]+(?:[&|,][\w.:-]+)*$/;

export interface EligibleNodes {
  nodes: NodeFacts[];
  /** Those that the directives name or Slurm takes by default; empty: none is known. */
  partitions: PartitionFacts[];
  /** For people: `partition debug`, `partition debug with knl`. */
  name: string;
  warnings: string[];
}

export function directiveOf(directives: readonly Directive[], ...names: string[]): Directive | undefined {
  return directives.find(({ name }) => names.includes(name));
}

/** Those that the directives name, else the default. */
export function partitionsOf(site: SiteFacts, directives: readonly Directive[]): PartitionFacts[] {
  const wanted = namedPartitions(directives);
  return site.partitions.filter(({ name, isDefault }) => (wanted ? wanted.includes(name) : isDefault));
}

function namedPartitions(directives: readonly Directive[]): string[] | undefined {
  const said = directiveOf(directives, 'partition')?.value;
  return said === undefined ? undefined : String(said).split(',');
}

/** What Slurm would refuse anyway (an unknown partition or feature) is not judged here: it has the better words. */
export function eligibleNodes(site: SiteFacts, directives: readonly Directive[]): EligibleNodes {
  const warnings: string[] = [];
  const partitions = partitionsOf(site, directives);
  const unknown = namedPartitions(directives)?.filter((name) => !site.partitions.some((each) => each.name === name)) ?? [];
  if (unknown.length > 0)
    warnings.push(`Slurm shows no partition ${unknown.join(', ')}; it has ${site.partitions.map(({ name }) => name).join(', ')}`);
  const inPartition = site.nodes.filter((node) => partitions.some(({ name }) => node.partitions.includes(name)));
  let nodes = inPartition.length > 0 ? inPartition : site.nodes;
  let name = partitions.length > 0 ? `partition ${partitions.map((each) => each.name).join(', ')}` : 'the cluster';

  const constraint = directiveOf(directives, 'constraint')?.value;
  if (constraint !== undefined && SIMPLE_CONSTRAINT.test(String(constraint))) {
    const matching = nodes.filter((node) => hasFeatures(node, String(constraint)));
    if (matching.length > 0) {
      nodes = matching;
      name = `${name} with ${constraint}`;
    } else {
      warnings.push(`no node of ${name} has the features ${constraint}`);
    }
  }

  for (const directive of ['nodelist', 'exclude'] as const) {
    const value = directiveOf(directives, directive)?.value;
    const names = value === undefined ? undefined : new Set(hostNames(String(value)));
    const chosen = nodes.filter((node) => names?.has(node.name) === (directive === 'nodelist'));
    // What leaves none, or all, is not judged here either, nor a list that we cannot read.
    if (chosen.length === 0 || chosen.length === nodes.length) continue;
    nodes = chosen;
    name = `${name} with ${directive}=${value}`;
  }

  const usable = nodes.filter(({ state }) => !UNUSABLE.test(state));
  if (usable.length === 0 && nodes.length > 0)
    warnings.push(`no node of ${name} takes jobs at present: ${nodes[0]?.name} is ${nodes[0]?.state}`);
  return { nodes: (usable.length > 0 ? usable : nodes).map((node) => within(node, partitions)), partitions, name, warnings };
}

/** What a job in the most generous of the partitions may have of a node. */
function within(node: NodeFacts, partitions: readonly PartitionFacts[]): NodeFacts {
  const own = partitions.filter(({ name }) => node.partitions.includes(name));
  const limit = (of: (partition: PartitionFacts) => number | null): number =>
    own.length === 0 ? Infinity : Math.max(...own.map((partition) => of(partition) ?? Infinity));
  const cpus = Math.min(
    node.cpus,
    limit(({ maxCpusPerNode }) => maxCpusPerNode),
  );
  const memoryMib = Math.min(
    node.memoryMib,
    limit(({ maxMemPerNodeMib }) => maxMemPerNodeMib),
  );
  return { ...node, cpus, memoryMib };
}

/** As Slurm does: from left to right, without precedence. */
function hasFeatures(node: NodeFacts, constraint: string): boolean {
  let holds = true;
  let operator = '&';
  for (const part of constraint.split(/([&|,])/)) {
    if (/^[&|,]$/.test(part)) operator = part;
    else if (operator === '|') holds ||= node.features.includes(part);
    else holds &&= node.features.includes(part);
  }
  return holds;
}
