// Steps, allocations and agents as they are shown to people.
import type { Waiting } from '../plan/slurm.ts';
import type { AgentInfo } from './events.ts';
import { atMost, fitting, freeOf, take } from './leasing.ts';
import type { State } from './state.ts';
import type { StepRun } from './steps.ts';
import { UNIT } from './units.ts';

export interface StepCounts {
  step: number;
  state: StepRun['state'];
  /** Null until the elements are known. */
  total: number | null;
  succeeded: number;
  failed: number;
  other: number;
  /** Units that have CPUs; those that wait at their agents have none. */
  running: number;
}

export interface AllocationView {
  id: string;
  pool: number;
  job: string | null;
  state: 'asked' | 'pending' | 'running' | 'connected';
  waiting: Waiting | null;
  /** CPUs of its agents; before their hello those asked for. */
  cpus: number;
  node: string | null;
  endsAtMs: number | null;
}

export interface AgentView {
  info: AgentInfo;
  /** Null: it takes units of any pool. */
  pool: number | null;
  /** Of units that it holds, at most all that it has. */
  cpusUsed: number;
  unitsDone: number;
  unitsHeld: number;
  isDraining: boolean;
  endsAtMs: number | null;
}

export function stepCounts(state: State): StepCounts[] {
  const running = runningByStep(state);
  return state.steps.map((step) => {
    const counts = step.units?.counts;
    const of = (code: number): number => counts?.[code] ?? 0;
    return {
      step: step.ordinal,
      state: step.state,
      total: step.units?.total ?? null,
      succeeded: of(UNIT.succeeded),
      failed: of(UNIT.failed),
      other: of(UNIT.cancelled) + of(UNIT.aborted),
      running: running[step.ordinal] as number,
    };
  });
}

/** By step: how many of the units that agents hold have room there, those of earlier steps first, as they arrive first. */
function runningByStep({ agents, steps, options }: State): number[] {
  const running = steps.map(() => 0);
  for (const agent of agents) {
    const free = freeOf(agent.info);
    let most = options.maxRunning || Number.POSITIVE_INFINITY;
    for (const [step, held] of agent.held.entries()) {
      const needs = atMost((steps[step] as StepRun).needs, agent.info);
      const units = Math.min(held, fitting(free, needs), most);
      take(free, needs, units);
      most -= units;
      running[step]! += units;
    }
  }
  return running;
}

/** Agents connected and their CPUs. */
export function capacity(state: State): { agents: number; cpus: number } {
  const agents = state.agents.connected();
  return { agents: agents.length, cpus: agents.reduce((sum, agent) => sum + agent.info.cpus, 0) };
}

export function allocationViews(state: State): AllocationView[] {
  const views: AllocationView[] = [];
  for (const allocation of state.allocations) {
    const { id, pool, stage, job, node, endsAtMs, shape } = allocation;
    if (stage.kind === 'ended') continue;
    const agents = [...state.agents].filter((agent) => agent.info.allocation === id && agent.presence.kind !== 'gone');
    const cpus = agents.reduce((sum, agent) => sum + agent.info.cpus, 0);
    views.push({
      id,
      pool,
      job,
      state: stage.kind,
      waiting: stage.kind === 'pending' ? stage.waiting : null,
      cpus: agents.length > 0 ? cpus : (shape?.cpus ?? 0) * (shape?.nodes ?? 1),
      node,
      endsAtMs,
    });
  }
  return views;
}

export function agentViews(state: State): AgentView[] {
  return state.agents.connected().map((agent) => {
    const used = state.steps.reduce((sum, step) => sum + (agent.held[step.ordinal] as number) * step.needs.cpus, 0);
    return {
      info: agent.info,
      pool: agent.pool,
      cpusUsed: Math.min(used, agent.info.cpus),
      unitsDone: agent.unitsDone,
      unitsHeld: agent.held.reduce((sum, count) => sum + count, 0),
      isDraining: agent.draining,
      endsAtMs: state.allocations.get(agent.info.allocation)?.endsAtMs ?? null,
    };
  });
}
