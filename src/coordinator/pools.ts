// Which steps may share allocations: the local agent is pool 0, and each distinct set of directives another one.
import type { PoolSpec } from '../core/pools.ts';
import { directivesOf, poolKey, prologueOf } from '../plan/directives.ts';
import type { Plan, Step } from '../plan/plan.ts';
import type { SlurmSettings } from '../plan/slurm.ts';

export interface Pools {
  specs: PoolSpec[];
  /** Lines of shell before the agent, by pool. */
  prologues: string[][];
  /** By step ordinal. */
  ofStep: number[];
}

/** `settings`: null on a local backend. */
export function poolsOf(plan: Plan, settings: SlurmSettings | null): Pools {
  const pools: Pools = { specs: [{ kind: 'local' }], prologues: [[]], ofStep: [] };
  const byKey = new Map<string, number>();
  for (const step of plan.workflow.steps)
    pools.ofStep.push(settings && isForSlurm(step) ? slurmPool(step, settings, pools, byKey) : 0);
  return pools;
}

/** Whether its units run in allocations. */
function isForSlurm(step: Step): boolean {
  return step.kind === 'map' || step.options.runOn === 'allocation';
}

function slurmPool(step: Step, settings: SlurmSettings, pools: Pools, byKey: Map<string, number>): number {
  const key = poolKey(step, settings);
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const { maxAllocations, nodesPerAllocation } = settings;
  pools.specs.push({ kind: 'slurm', directives: directivesOf(step, settings), maxAllocations, nodesPerAllocation });
  pools.prologues.push(prologueOf(step, settings));
  byKey.set(key, pools.specs.length - 1);
  return pools.specs.length - 1;
}
