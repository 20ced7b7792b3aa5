// Why a unit fits no node that it may get: which limit, the largest node, and what to change.
import type { Directive, NodeFacts, UnitNeeds } from '../plan/slurm.ts';
import { memoryText } from '../plan/slurm-values.ts';
import type { AllocationBounds } from './allocation-bounds.ts';
import { directiveOf, type EligibleNodes } from './eligible-nodes.ts';

interface Misfit {
  needs: UnitNeeds;
  bounds: AllocationBounds;
  eligible: EligibleNodes;
  directives: readonly Directive[];
}

export interface Impossible {
  kind: 'impossible';
  message: string;
  hint: string;
}

export function impossibility(misfit: Misfit): Impossible {
  return ofDirectives(misfit) ?? ofNodes(misfit);
}

/** The user's own directives leave no room for a unit, whatever the node. */
function ofDirectives({ needs, bounds, directives }: Misfit): Impossible | undefined {
  const less = (directive: string, unit: string, option: string): Impossible => ({
    kind: 'impossible',
    message: `${directive} leaves no room for a unit of ${unit}`,
    hint: `ask for more with ${directive.split('=')[0]}, leave it to outflow, or lower ${option}`,
  });
  if (bounds.cpus !== undefined && bounds.cpus < needs.cpus)
    return less(`cpus-per-task=${bounds.cpus}`, cpusText(needs.cpus), 'cpusPerTask');
  if (bounds.memoryMib !== undefined && bounds.memoryMib < needs.memoryMib)
    return less(`mem=${memoryText(bounds.memoryMib)}`, memoryText(needs.memoryMib), 'memPerTask');
  const gpus = directiveOf(directives, 'gpus-per-node', 'gpus-per-task', 'gpus', 'gres');
  if (bounds.gpus !== undefined && bounds.gpus < needs.gpus)
    return less(`${gpus?.name}=${gpus?.value}`, gpusText(needs.gpus), 'gpusPerTask');
  return undefined;
}

function ofNodes({ needs, bounds, eligible }: Misfit): Impossible {
  const { nodes, name } = eligible;
  if (nodes.length === 0)
    return { kind: 'impossible', message: 'Slurm shows no nodes', hint: 'look at the output of: scontrol show node' };
  const finite = (amount: number | undefined): number => (amount !== undefined && Number.isFinite(amount) ? amount : 0);
  const wanted = {
    cpus: Math.max(needs.cpus, bounds.cpus ?? 0),
    memoryMib: Math.max(needs.memoryMib, finite(bounds.memoryMib), finite(bounds.memoryPerCpuMib) * needs.cpus),
    gpus: Math.max(needs.gpus, bounds.gpus ?? 0),
  };
  const limits = [
    { key: 'cpus', text: cpusText, option: 'cpusPerTask' },
    { key: 'memoryMib', text: memoryText, option: 'memPerTask' },
    { key: 'gpus', text: gpusText, option: 'gpusPerTask' },
  ] as const;
  for (const { key, text, option } of limits) {
    const largest = nodes.reduce((a, b) => (b[key] > a[key] ? b : a));
    if (largest[key] < wanted[key])
      return {
        kind: 'impossible',
        message: `a unit of ${text(wanted[key])} fits no node of ${name}: the largest, ${largest.name}, has ${text(largest[key])}`,
        hint: `lower ${option}, or choose another partition`,
      };
  }
  const largest = nodes.reduce((a: NodeFacts, b) => (b.cpus > a.cpus ? b : a));
  const all = limits.filter(({ key }) => wanted[key] > 0).map(({ key, text }) => text(wanted[key]));
  return {
    kind: 'impossible',
    message: `no node of ${name} has ${all.join(' and ')} for a unit; the largest, ${largest.name}, has ${largest.cpus} CPUs, ${memoryText(largest.memoryMib)} and ${largest.gpus} GPUs`,
    hint: 'lower what a unit asks for, or choose another partition',
  };
}

function cpusText(count: number): string {
  return `${count} CPU${count === 1 ? '' : 's'}`;
}

function gpusText(count: number): string {
  return `${count} GPU${count === 1 ? '' : 's'}`;
}
