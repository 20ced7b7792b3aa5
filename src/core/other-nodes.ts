// Whether an allocation of a pool finds a node elsewhere: the last one that there is is never left out.
import type { Agent } from './agents.ts';
import type { Allocation } from './allocations.ts';
import { eligibleNodes } from './eligible-nodes.ts';
import type { Pool } from './pools.ts';
import type { State } from './state.ts';

export function hasOtherNodes(state: State, { spec }: Pool, node: string | null): boolean {
  if (state.site.kind !== 'known' || spec.kind === 'local') return false;
  const { nodes } = eligibleNodes(state.site.site, spec.directives);
  return nodes.some(({ name }) => name !== node && !state.nodes.isExcluded(name, state.nowMs));
}

/** The node of an agent, by Slurm's name; null: it is not known, as of several nodes nobody knows which one is which. */
export function nodeOf(state: State, agent: Agent, allocation: Allocation): string | null {
  if (allocation.node !== null && !/[[,]/.test(allocation.node)) return allocation.node;
  if (state.site.kind !== 'known') return null;
  const { host } = agent.info;
  const names = [host, host.split('.', 1)[0]];
  return state.site.site.nodes.find(({ name }) => names.includes(name))?.name ?? null;
}
