// What a user's directives fix of an allocation's size; outflow sizes the rest.
import { hostNames } from '../plan/host-list.ts';
import type { Directive } from '../plan/slurm.ts';
import { memoryMib } from '../plan/slurm-values.ts';
import { directiveOf } from './eligible-nodes.ts';

/** Of one node; undefined: not said. */
export interface AllocationBounds {
  cpus: number | undefined;
  /** Infinity: all that the node has (`mem=0`). */
  memoryMib: number | undefined;
  memoryPerCpuMib: number | undefined;
  gpus: number | undefined;
  /** Whole nodes, whatever is asked for. */
  isExclusive: boolean;
  /** Nodes that each allocation must have. */
  named: number;
}

export function boundsOf(directives: readonly Directive[], nodesPerAllocation: number): AllocationBounds {
  const value = (name: string): Directive['value'] | undefined => directiveOf(directives, name)?.value;
  const memory = value('mem') === undefined ? undefined : memoryMib(value('mem'));
  const perCpu = value('mem-per-cpu') === undefined ? undefined : memoryMib(value('mem-per-cpu'));
  const cpus = Number(value('cpus-per-task'));
  return {
    cpus: cpus >= 1 ? Math.floor(cpus) : undefined,
    memoryMib: memory === 0 ? Number.POSITIVE_INFINITY : memory,
    memoryPerCpuMib: perCpu === 0 ? undefined : perCpu,
    gpus: gpusOf(directives, nodesPerAllocation),
    isExclusive: value('exclusive') === true,
    named: hostNames(String(value('nodelist') ?? ''))?.length ?? 0,
  };
}

/** One task runs on a node, so that GPUs of a task are those of a node; `gpus` alone is of the whole job. */
function gpusOf(directives: readonly Directive[], nodes: number): number | undefined {
  const perNode = directiveOf(directives, 'gpus-per-node', 'gpus-per-task')?.value;
  if (perNode !== undefined) return countIn(String(perNode));
  const perJob = directiveOf(directives, 'gpus')?.value;
  if (perJob !== undefined) return Math.floor(countIn(String(perJob)) / nodes);
  const gres = String(directiveOf(directives, 'gres')?.value ?? '')
    .split(',')
    .filter((each) => /^(gres[:/])?gpu(:|$)/.test(each));
  return gres.length > 0 ? gres.reduce((sum, each) => sum + countIn(each), 0) : undefined;
}

/** `2`, `a100:2`, `gpu`, `gpu:2`, `a100:1,h100:1`. */
function countIn(text: string): number {
  return text.split(',').reduce((sum, each) => sum + Number(/(?:^|:)(\d+)$/.exec(each)?.[1] ?? 1), 0);
}
