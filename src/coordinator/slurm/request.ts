// What Slurm is asked for in one growth step.
import type { SendEffect } from '../../core/effects.ts';
import type { Shipping } from '../../plan/slurm.ts';
import type { JobRequest } from '../../provider/slurm/index.ts';
import type { Pools } from '../pools.ts';
import { jobName } from './job.ts';

/** The same for all growth steps of a run. */
export interface Requesting {
  run: string;
  pools: Pools;
  /** Command of an agent, to which the allocation's id is added. */
  agent: string[];
  ship: Shipping;
  /** Where `outflow` was called. */
  cwd: string;
  /** 0700, seen by all nodes: what jobs print. */
  outputDir: string;
}

export function requestOf(
  { run, pools, agent, ship, cwd, outputDir }: Requesting,
  { pool, allocations, shape, excludedNodes }: Extract<SendEffect, { kind: 'allocate' }>,
  growth: string,
): JobRequest {
  const spec = pools.specs[pool];
  if (spec?.kind !== 'slurm' || shape === null) throw new Error(`pool ${pool} is not one of Slurm's`);
  return {
    name: jobName(run, growth),
    directives: [...spec.directives],
    shape,
    array: allocations.length,
    prologue: pools.prologues[pool] ?? [],
    cwd,
    agent,
    ship,
    growth,
    outputDir,
    excludeNodes: excludedNodes,
  };
}
