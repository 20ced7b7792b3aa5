// Which pending units go to which agent. Pure packing: an agent is offered a unit of a step of its pool while, of its CPUs and
// likewise of its memory and its GPUs,
//   sum over steps of max(0, held - prefetch) * cpus(step)  <=  cpus
// so that what it holds beyond its CPUs is what it asked for (200 ms of measured work), and no more.
import type { UnitNeeds } from '../plan/slurm.ts';
import type { Agent } from './agents.ts';
import type { AgentInfo } from './events.ts';
import type { StepRun } from './steps.ts';

export interface Grant {
  agent: Agent;
  step: StepRun;
  index: number[];
}

interface Bounds {
  /** Units that may run at once on an agent; 0: no bound. */
  maxRunning: number;
  /** Whether agents of the pool share this machine: a unit that asks for more than there is gets what there is. */
  isLocal(pool: number): boolean;
}

/**
 * Takes pending units from `steps` for `agents`, which are connected. First pass: what fits the agents, spread evenly over them;
 * second pass: prefetch, no more than an even share of what is pending, so that the last units of a map do not queue on one agent.
 */
export function lease(agents: readonly Agent[], steps: readonly StepRun[], bounds: Bounds): Grant[] {
  const grants: Grant[] = [];
  for (const withPrefetch of [false, true]) {
    for (const step of steps) {
      if (step.phase.kind !== 'running' || step.phase.units.counts[0] === 0) continue;
      const { units } = step.phase;
      const takers = agents.filter((agent) => mayLease(agent, step));
      for (const [position, agent] of takers.entries()) {
        const pending = units.counts[0] as number;
        if (pending === 0) break;
        const share = Math.ceil(pending / (takers.length - position));
        const room = Math.min(roomFor(agent, step, steps, withPrefetch, bounds), share, simultaneousRoom(step));
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

function mayLease(agent: Agent, step: StepRun): boolean {
  return !agent.draining && (agent.pool === step.pool || agent.pool === null) && !agent.closed[step.ordinal];
}

/** Whether a unit of the step may go to the agent, now or once it is free. */
export function mayTake(agent: Agent, step: StepRun): boolean {
  const { cpus, memoryMib, gpus } = agent.info;
  const { needs } = step;
  return mayLease(agent, step) && needs.cpus <= cpus && (memoryMib === 0 || needs.memoryMib <= memoryMib) && needs.gpus <= gpus;
}

function roomFor(agent: Agent, step: StepRun, steps: readonly StepRun[], withPrefetch: boolean, bounds: Bounds): number {
  const { held, prefetch, info } = agent;
  const isLocal = agent.pool !== null && bounds.isLocal(agent.pool);
  if (!isLocal && !mayTake(agent, step)) return 0;
  const free = freeOf(info);
  let running = 0;
  for (let ordinal = 0; ordinal < held.length; ordinal++) {
    const beyond = (held[ordinal] as number) - (prefetch[ordinal] as number);
    if (beyond <= 0 || ordinal === step.ordinal) continue;
    take(free, (steps[ordinal] as StepRun).needs, beyond);
    running += beyond;
  }
  let fits = fitting(free, isLocal ? atMost(step.needs, info) : step.needs);
  if (bounds.maxRunning > 0) fits = Math.min(fits, bounds.maxRunning - running);
  fits = Math.max(0, fits);
  return fits + (withPrefetch ? (prefetch[step.ordinal] as number) : 0) - (held[step.ordinal] as number);
}

/** What an agent has, or has left. */
interface Free {
  cpus: number;
  /** Infinity: memory is not packed. */
  memoryMib: number;
  gpus: number;
}

export function freeOf({ cpus, memoryMib, gpus }: AgentInfo): Free {
  return { cpus, memoryMib: memoryMib || Number.POSITIVE_INFINITY, gpus };
}

export function take(free: Free, needs: UnitNeeds, units: number): void {
  free.cpus -= units * needs.cpus;
  free.memoryMib -= units * needs.memoryMib;
  free.gpus -= units * needs.gpus;
}

/** How many units have room; negative where too much is taken already. */
export function fitting(free: Free, needs: UnitNeeds): number {
  let units = Math.floor(free.cpus / needs.cpus);
  if (needs.memoryMib > 0) units = Math.min(units, Math.floor(free.memoryMib / needs.memoryMib));
  if (needs.gpus > 0) units = Math.min(units, Math.floor(free.gpus / needs.gpus));
  return units;
}

/** A unit that asks for more than an agent has gets what there is. */
export function atMost(needs: UnitNeeds, { cpus, memoryMib, gpus }: AgentInfo): UnitNeeds {
  return {
    ...needs,
    cpus: Math.min(needs.cpus, cpus),
    memoryMib: Math.min(needs.memoryMib, memoryMib || needs.memoryMib),
    gpus: Math.min(needs.gpus, gpus),
  };
}

function simultaneousRoom(step: StepRun): number {
  if (step.step.kind !== 'map' || step.step.simultaneousTasks === undefined || step.phase.kind !== 'running')
    return Number.POSITIVE_INFINITY;
  return step.step.simultaneousTasks - step.phase.units.held;
}
