// What is asked of Slurm for units of one kind: as many on a node as fit the most common node that they may get, in as many
// allocations as the work needs. Used by core when it grows, and by `outflow plan` to say so beforehand.
import { LIMITS } from '../model/limits.ts';
import type { Directive, NodeFacts, Shape, SiteFacts, UnitNeeds } from '../plan/slurm.ts';
import { memoryText } from '../plan/slurm-values.ts';
import { type AllocationBounds, boundsOf } from './allocation-bounds.ts';
import { directiveOf, type EligibleNodes, eligibleNodes } from './eligible-nodes.ts';
import { impossibility } from './impossible.ts';

export interface ShapeRequest {
  needs: UnitNeeds;
  directives: readonly Directive[];
  site: SiteFacts;
  /** Units that are to find a place; at least 1. */
  unitsLeft: number;
  nodesPerAllocation: number;
  /** How often Slurm has refused the size: each time half as many units go on a node. */
  sizeStep: number;
}

export type ShapeAnswer =
  /** `array`: allocations that `unitsLeft` fill, whatever the limits of run and site. */
  | { kind: 'shape'; shape: Shape; array: number; warnings: string[] }
  /** A unit fits no node that it may get. */
  | { kind: 'impossible'; message: string; hint: string };

export function shapeFor(request: ShapeRequest): ShapeAnswer {
  const { needs, directives, site } = request;
  const eligible = eligibleNodes(site, directives);
  const bounds = boundsOf(directives, request.nodesPerAllocation);
  if (bounds.named > request.nodesPerAllocation) return tooManyNamed(bounds.named, request.nodesPerAllocation);
  const defaultMib = defaultMemoryPerCpu(eligible, needs, directives);
  const node = mostCommon(eligible.nodes.filter((each) => unitsOn(each, needs, bounds, defaultMib).all > 0));
  if (node === undefined) return impossibility({ needs, bounds, eligible, directives });

  const fit = unitsOn(node, needs, bounds, defaultMib);
  const allowed = Math.max(1, Math.floor(fit.all / 2 ** request.sizeStep));
  const nodesNeeded = Math.ceil(Math.max(1, request.unitsLeft) / allowed);
  // Evenly: 9 units where 8 fit are 5 and 4. What is granted whole is used whole.
  const isFixed = bounds.isExclusive || bounds.cpus !== undefined;
  const unitsPerNode = isFixed ? allowed : Math.ceil(Math.max(1, request.unitsLeft) / nodesNeeded);
  const nodes = Math.max(1, bounds.named, Math.min(request.nodesPerAllocation, nodesNeeded, maxNodes(eligible)));
  const cpus = bounds.cpus ?? unitsPerNode * cpusOn(node, needs, bounds);
  return {
    kind: 'shape',
    shape: {
      cpus,
      memoryMib: memoryOf(node, needs, bounds, unitsPerNode, cpus),
      gpus: bounds.gpus ?? unitsPerNode * needs.gpus,
      nodes,
      unitsPerNode,
      why: why(fit.all, unitsPerNode, node, eligible, request),
    },
    array: Math.ceil(nodesNeeded / nodes),
    warnings: [...eligible.warnings, ...memoryWarnings(fit, needs, bounds)],
  };
}

/** CPUs that a unit takes from a node: units of 2 or more never share a core; memory by the CPU may cost CPUs. */
function cpusOn(node: NodeFacts, needs: UnitNeeds, bounds: AllocationBounds): number {
  const { memoryPerCpuMib } = bounds;
  const cpus = memoryPerCpuMib === undefined ? needs.cpus : Math.max(needs.cpus, Math.ceil(needs.memoryMib / memoryPerCpuMib));
  return cpus < 2 ? cpus : Math.ceil(cpus / node.threadsPerCore) * node.threadsPerCore;
}

/** Slurm's RealMemory is 1 where nobody has set it. */
function knowsMemory(node: NodeFacts): boolean {
  return node.memoryMib > 1;
}

interface Fit {
  byCpus: number;
  byMemory: number;
  byGpus: number;
  all: number;
}

/** Slurm wants all of the nodes that are named for each job. */
function tooManyNamed(named: number, nodesPerAllocation: number): ShapeAnswer {
  return {
    kind: 'impossible',
    message: `nodelist names ${named} nodes, which each allocation would have to have, and an allocation has ${nodesPerAllocation}`,
    hint: 'leave out the others with `exclude` or a `constraint`, or set nodesPerAllocation',
  };
}

/** What Slurm grants with each CPU where nobody says how much memory; 0: nothing that counts. */
function defaultMemoryPerCpu({ partitions }: EligibleNodes, needs: UnitNeeds, directives: readonly Directive[]): number {
  if (needs.memoryMib > 0 || directiveOf(directives, 'mem', 'mem-per-cpu', 'mem-per-gpu') !== undefined) return 0;
  return partitions.length === 0 ? 0 : Math.min(...partitions.map(({ defMemPerCpuMib }) => defMemPerCpuMib ?? 0));
}

/** Units that fit a node within the bounds; 0 where the node cannot be what the directives ask for. */
function unitsOn(node: NodeFacts, needs: UnitNeeds, bounds: AllocationBounds, defaultMib: number): Fit {
  const unitCpus = cpusOn(node, needs, bounds);
  const mostCpus = bounds.isExclusive ? node.cpus : Math.max(LIMITS.allocationCpus, unitCpus);
  const cpus = bounds.cpus ?? Math.min(node.cpus, mostCpus);
  const memory = Math.min(bounds.memoryMib ?? Number.POSITIVE_INFINITY, knowsMemory(node) ? node.memoryMib : Infinity);
  const gpus = bounds.gpus ?? node.gpus;
  const isTooSmall =
    cpus > node.cpus ||
    gpus > node.gpus ||
    (knowsMemory(node) &&
      bounds.memoryMib !== undefined &&
      Number.isFinite(bounds.memoryMib) &&
      bounds.memoryMib > node.memoryMib);
  const byCpus = Math.floor(cpus / unitCpus);
  const defaults = bounds.isExclusive ? 0 : defaultMib * unitCpus;
  let byMemory = Number.POSITIVE_INFINITY;
  if (needs.memoryMib > 0) byMemory = Math.floor(memory / needs.memoryMib);
  else if (defaults > 0) byMemory = Math.max(1, Math.floor(memory / defaults)); // where one is too many, Slurm has the words
  const byGpus = needs.gpus > 0 ? Math.floor(gpus / needs.gpus) : Number.POSITIVE_INFINITY;
  return { byCpus, byMemory, byGpus, all: isTooSmall ? 0 : Math.min(byCpus, byMemory, byGpus) };
}

function mostCommon(nodes: readonly NodeFacts[]): NodeFacts | undefined {
  const kinds = new Map<string, { node: NodeFacts; count: number }>();
  for (const node of nodes) {
    const key = [node.cpus, node.memoryMib, node.gpus, node.threadsPerCore].join();
    const kind = kinds.get(key) ?? { node, count: 0 };
    kind.count += 1;
    kinds.set(key, kind);
  }
  const size = ({ cpus, memoryMib, gpus }: NodeFacts): number[] => [cpus, memoryMib, -gpus];
  // Of kinds that are as common, the larger; without more GPUs than are of use.
  return [...kinds.values()].sort((a, b) => b.count - a.count || compare(size(b.node), size(a.node)))[0]?.node;
}

function compare(a: number[], b: number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

function maxNodes(eligible: EligibleNodes): number {
  const limits = eligible.partitions.map((partition) => partition.maxNodes ?? Number.POSITIVE_INFINITY);
  return Math.min(eligible.nodes.length, limits.length > 0 ? Math.max(...limits) : Number.POSITIVE_INFINITY);
}

/** The agent itself needs some too, where the node has it. */
function memoryOf(node: NodeFacts, needs: UnitNeeds, bounds: AllocationBounds, units: number, cpus: number): number | null {
  if (bounds.memoryMib !== undefined) return Math.min(bounds.memoryMib, node.memoryMib);
  if (bounds.memoryPerCpuMib !== undefined) return bounds.memoryPerCpuMib * cpus;
  if (needs.memoryMib === 0 || !knowsMemory(node)) return null;
  return Math.min(node.memoryMib, units * needs.memoryMib + LIMITS.agentMemoryMib);
}

function memoryWarnings(fit: Fit, needs: UnitNeeds, bounds: AllocationBounds): string[] {
  const byOthers = Math.min(fit.byCpus, fit.byGpus);
  if (bounds.memoryMib !== undefined && fit.byMemory < byOthers)
    return [
      `mem=${memoryText(bounds.memoryMib)} is less than its units need: ${fit.byMemory} of ${memoryText(needs.memoryMib)} at once instead of ${byOthers}`,
    ];
  const { memoryPerCpuMib } = bounds;
  if (memoryPerCpuMib !== undefined && memoryPerCpuMib * needs.cpus < needs.memoryMib)
    return [
      `mem-per-cpu=${memoryText(memoryPerCpuMib)} is less than its units need: each takes ${Math.ceil(needs.memoryMib / memoryPerCpuMib)} CPUs for its ${memoryText(needs.memoryMib)}`,
    ];
  return [];
}

function why(fit: number, used: number, node: NodeFacts, eligible: EligibleNodes, request: ShapeRequest): string {
  const { needs, sizeStep } = request;
  const count = (amount: number, what: string): string => `${amount} ${what}${amount === 1 ? '' : 's'}`;
  const unit = [
    count(needs.cpus, 'CPU'),
    ...(needs.memoryMib > 0 ? [memoryText(needs.memoryMib)] : []),
    ...(needs.gpus > 0 ? [count(needs.gpus, 'GPU')] : []),
  ].join(', ');
  const has = [
    count(node.cpus, 'CPU'),
    ...(knowsMemory(node) ? [`${node.memoryMib} MiB`] : []),
    ...(node.gpus > 0 ? [count(node.gpus, 'GPU')] : []),
  ].join(', ');
  const place = eligible.partitions.length > 0 ? eligible.name.replace(/^partition /, '') : eligible.name;
  const enough = used === 1 ? 'is enough' : 'are enough';
  const less = used < fit ? `; ${used} ${sizeStep > 0 ? 'after Slurm refused more' : enough}` : '';
  return `${count(fit, 'unit')} of ${unit} ${fit === 1 ? 'fits' : 'fit'} the most common node of ${place} (${has})${less}`;
}
