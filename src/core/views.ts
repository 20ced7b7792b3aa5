// Allocations and agents as they are shown to people.
import type { Waiting } from '../plan/slurm.ts';
import type { AgentInfo } from './events.ts';
import type { State } from './state.ts';

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
