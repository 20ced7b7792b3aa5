// Which pending units go to which agent. Pure packing: an agent of `cpus` slots is offered a unit while
//   sum over steps of max(0, held - prefetch) * cpus(step)  <=  cpus
// so that what it holds beyond its CPUs is what it asked for (200 ms of measured work), and no more.
import type { UnitNeeds } from '../plan/slurm.ts';
import type { Agent } from './agents.ts';
import type { StepRun } from './steps.ts';

export interface Grant {
  agent: Agent;
  step: StepRun;
  index: number[];
}

interface Bounds {
  needsOf(step: number): UnitNeeds;
  /** Units that may run at once over all agents; 0: no bound. */
  maxRunning: number;
}

/**
 * Takes pending units from `steps` for `agents`. First pass: what fits the agents' CPUs, spread evenly over agents; second
 * pass: prefetch, no more than an even share of what is pending, so that the last units of a map do not queue on one agent.
 */
export function lease(agents: readonly Agent[], steps: readonly StepRun[], bounds: Bounds): Grant[] {
  const grants: Grant[] = [];
  for (const withPrefetch of [false, true]) {
    for (const step of steps) {
      if (step.phase.kind !== 'running') continue;
      const { units } = step.phase;
      for (const [position, agent] of agents.entries()) {
        const pending = units.counts[0] as number;
        if (pending === 0) break;
        const share = Math.ceil(pending / (agents.length - position));
        const room = Math.min(roomFor(agent, step, withPrefetch, bounds), share, simultaneousRoom(step, agents));
        if (room <= 0) continue;
        const index = units.take(room);
        if (index.length === 0) continue;
        agent.held[step.ordinal]! += index.length;
        grants.push({ agent, step, index });
      }
    }
  }
  return grants;
}

function roomFor(agent: Agent, step: StepRun, withPrefetch: boolean, bounds: Bounds): number {
  if (agent.draining) return 0;
  const prefetch = (ordinal: number): number => agent.prefetch[ordinal] as number;
  let others = 0;
  let running = 0;
  for (const [ordinal, held] of agent.held.entries()) {
    if (ordinal === step.ordinal) continue;
    const beyond = Math.max(0, held - prefetch(ordinal));
    others += beyond * bounds.needsOf(ordinal).cpus;
    running += beyond;
  }
  let fits = Math.floor((agent.info.cpus - others) / bounds.needsOf(step.ordinal).cpus);
  if (bounds.maxRunning > 0) fits = Math.min(fits, bounds.maxRunning - running);
  if (fits < 0) fits = 0;
  return fits + (withPrefetch ? prefetch(step.ordinal) : 0) - (agent.held[step.ordinal] as number);
}

function simultaneousRoom(step: StepRun, agents: readonly Agent[]): number {
  if (step.step.kind !== 'map' || step.step.simultaneousTasks === undefined) return Number.POSITIVE_INFINITY;
  let held = 0;
  for (const agent of agents) held += agent.held[step.ordinal] as number;
  return step.step.simultaneousTasks - held;
}
