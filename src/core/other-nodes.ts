// Nodes of allocations: whether one of a pool finds another, which one an agent is on, and of how many there is no word.
import type { Agent } from './agents.ts';
import type { Allocation } from './allocations.ts';
import { eligibleNodes } from './eligible-nodes.ts';
import type { Pool } from './pools.ts';
import type { State } from './state.ts';

/** The last one that there is is never left out. */
export function hasOtherNodes(state: State, { spec }: Pool, node: string | null): boolean {
  if (state.site.kind !== 'known' || spec.kind === 'local') return false;
  const { nodes } = eligibleNodes(state.site.site, spec.directives);
  return nodes.some(({ name }) => name !== node && !state.nodes.isExcluded(name, state.nowMs));
}

/** The node of an agent, by Slurm's name; null: it is not known, as of several nodes nobody knows which one is which. */
export function nodeOf(state: State, agent: Agent, allocation: Allocation): string | null {
  // Slurm leaves out those of several that have failed, so one that is left may be another one's.
  if (allocation.node !== null && !/[[,]/.test(allocation.node) && (allocation.shape?.nodes ?? 1) === 1) return allocation.node;
  if (state.site.kind !== 'known') return null;
  const { host } = agent.info;
  const names = [host, host.split('.', 1)[0]];
  return state.site.site.nodes.find(({ name }) => names.includes(name))?.name ?? null;
}

/** How many nodes of an allocation have never had an agent, though others of it have. */
export function silentNodes({ agents }: State, { id, shape, stage }: Allocation): number {
  if (stage.kind !== 'connected' || shape === null || shape.nodes === 1) return 0;
  return Math.max(0, shape.nodes - agents.ofAllocation(id));
}
