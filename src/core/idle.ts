// Agents in allocations that hold nothing: one that no step can feed any more goes at once, one that may be fed soon after a while.
import { LIMITS } from '../model/limits.ts';
import type { Agent } from './agents.ts';
import { mayTake } from './leasing.ts';
import { drain } from './losses.ts';
import { isOver, type State } from './state.ts';

export function drainIdleAgents(state: State): void {
  for (const agent of state.agents) {
    if (agent.presence.kind !== 'connected' || agent.draining || !agent.holdsNothing || !isOnSlurm(state, agent)) {
      agent.idleSinceMs = null;
      continue;
    }
    agent.idleSinceMs ??= state.nowMs;
    if (!canBeFed(state, agent)) drain(state, agent, 'no step is left for it');
    else if (isPlaceWanted(state, agent)) drain(state, agent, 'other steps wait for an allocation');
    else if (agent.idleSinceMs + LIMITS.idleAgentMs <= state.nowMs) drain(state, agent, 'there was nothing for it to do');
  }
}

function isOnSlurm(state: State, agent: Agent): boolean {
  return agent.pool !== null && state.pools[agent.pool]?.spec.kind === 'slurm';
}

/** A step of its pool is still to come, or has units that are not settled. */
function canBeFed(state: State, agent: Agent): boolean {
  if (isOver(state)) return false;
  return state.steps.some((step) => {
    if (step.pool !== agent.pool) return false;
    if (step.phase.kind === 'waiting' || step.phase.kind === 'preparing') return true;
    return step.phase.kind === 'running' && step.phase.units.unsettled > 0 && mayTake(agent, step);
  });
}

/** All places are taken, and units of another pool could have this one. */
function isPlaceWanted(state: State, agent: Agent): boolean {
  return state.pools.some((pool) => pool.isStarved && pool.ordinal !== agent.pool);
}
