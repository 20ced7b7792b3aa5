// Agents that go: silently, on Slurm's word, or with notice. Liveness is by our own heartbeat; Slurm is asked for the cause.
import { formatDuration } from '../base/duration.ts';
import { LIMITS } from '../model/limits.ts';
import type { Cause, Failure } from '../model/states.ts';
import type { Agent } from './agents.ts';
import type { Allocation } from './allocations.ts';
import type { Event } from './events.ts';
import { say } from './notices.ts';
import { hasOtherNodes, nodeOf } from './other-nodes.ts';
import type { Pool } from './pools.ts';
import { loseUnits } from './settle.ts';
import { emit, isOver, isPreparing, type State } from './state.ts';

type Of<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>;

/** Its allocation, where that is Slurm's. */
function slurmOf(state: State, agent: Agent): Allocation | undefined {
  const allocation = state.allocations.get(agent.info.allocation);
  return allocation && state.pools[allocation.pool]?.spec.kind === 'slurm' ? allocation : undefined;
}

export function onDisconnected(state: State, event: Of<'agent-disconnected'>): void {
  const agent = state.agents.disconnect(event.session, event.heardAtMs, state.nowMs);
  if (agent === undefined) return;
  const allocation = slurmOf(state, agent);
  if (agent.draining && agent.holdsNothing) {
    forget(state, agent, 'left');
  } else if (allocation?.stage.kind === 'ended') {
    return loseAgent(state, agent, allocation.stage.failure);
  }
  if (allocation && allocation.stage.kind !== 'ended' && !isOver(state))
    emit(state, { kind: 'inspect-allocation', allocation: allocation.id, isSignalled: false });
}

/** Slurm says that the allocation has ended. An agent that we still hear lives all the same, until it is silent. */
export function onAllocationGone(state: State, allocation: Allocation, failure: Failure): void {
  for (const agent of state.agents) {
    if (agent.info.allocation !== allocation.id) continue;
    if (agent.presence.kind === 'away' || agent.presence.kind === 'expected') loseAgent(state, agent, failure);
    else if (agent.leaving.kind === 'asks') answerLeaving(state, agent, failure.cause);
  }
}

/** The agent got a signal, or sees that it can finish nothing more: it is told the best cause that is known, or soon will be. */
export function onLeaving(state: State, event: Of<'agent-leaving'>): void {
  const agent = state.agents.bySession(event.session);
  if (agent === undefined || agent.leaving.kind === 'asks') return;
  agent.draining = true;
  const allocation = slurmOf(state, agent);
  if (allocation === undefined) return answerLeaving(state, agent, undefined);
  if (allocation.stage.kind === 'ended') return answerLeaving(state, agent, allocation.stage.failure.cause);
  const isSignalled = event.signal !== '';
  emit(state, { kind: 'inspect-allocation', allocation: allocation.id, isSignalled });
  if (allocation.ending !== null) return answerLeaving(state, agent, 'drained');
  if (!isSignalled) return answerLeaving(state, agent, likelyCause(state, allocation));
  agent.leaving = { kind: 'asks', answerAtMs: state.nowMs + LIMITS.causePatienceMs };
}

/** What is left to think when Slurm does not say. */
function likelyCause({ nowMs }: State, { endsAtMs }: Allocation): Cause | undefined {
  return endsAtMs !== null && endsAtMs - nowMs <= LIMITS.walltimeNearMs ? 'walltime' : undefined;
}

function answerLeaving(state: State, agent: Agent, cause: Cause | undefined): void {
  agent.leaving = { kind: 'answered', cause };
  drain(state, agent, 'it must go');
}

export function onDrainRequested(state: State, { agent: id }: Of<'drain-requested'>): void {
  const agent = state.agents.byId(id);
  if (agent !== undefined && agent.presence.kind !== 'gone') drain(state, agent, 'a user asked for it');
}

/** Nothing more is leased to the agent; it ends what runs, and goes. */
export function drain(state: State, agent: Agent, reason: string): void {
  agent.draining = true;
  if (agent.presence.kind !== 'connected') return; // told at its next hello
  const cause = agent.leaving.kind === 'answered' ? agent.leaving.cause : undefined;
  emit(state, { kind: 'drain', session: agent.presence.session, reason, ...(cause && { cause }) });
}

export function loseAgent(state: State, agent: Agent, failure: Failure): void {
  forget(state, agent, 'lost');
  loseUnits(state, agent, failure);
}

function forget(state: State, agent: Agent, as: 'lost' | 'left'): void {
  state.agents.lose(agent);
  emit(state, { kind: 'store-agent', agent: agent.info, state: as });
  const stage = slurmOf(state, agent)?.stage;
  if (stage?.kind === 'connected' && !state.agents.isHeardOf(agent.info.allocation)) stage.emptySinceMs = state.nowMs;
}

/** Agents that were silent for too long, and those that leave and have waited long enough for their cause. */
export function watchAgents(state: State): void {
  for (const agent of state.agents) {
    const { presence, leaving } = agent;
    if (leaving.kind === 'asks' && leaving.answerAtMs <= state.nowMs) {
      const allocation = slurmOf(state, agent);
      answerLeaving(state, agent, allocation && likelyCause(state, allocation));
    }
    // Nobody listens before the steps are known of which it says what it holds.
    if (presence.kind === 'expected' && isPreparing(state)) presence.lostAtMs = state.nowMs + LIMITS.adoptMs;
    if ((presence.kind === 'away' || presence.kind === 'expected') && presence.lostAtMs <= state.nowMs) {
      if (presence.kind === 'away') avoidNode(state, agent);
      loseAgent(state, agent, {
        cause: 'agent-lost',
        message: `agent ${agent.info.id} on ${agent.info.host} was not heard of for ${LIMITS.lostAfterMs / 1000} s`,
      });
    }
  }
}

/** What it ran shall not wait for it once more. */
function avoidNode(state: State, agent: Agent): void {
  const allocation = slurmOf(state, agent);
  const node = allocation && nodeOf(state, agent, allocation);
  if (!allocation || !node || isOver(state) || !hasOtherNodes(state, state.pools[allocation.pool] as Pool, node)) return;
  state.nodes.onLost(node, state.nowMs + LIMITS.lostNodeMs);
  const silence = `the agent on ${node} was not heard of for ${LIMITS.lostAfterMs / 1000} s: what it ran goes to others`;
  say(state, 'warn', `${silence}, and no allocation goes there for ${formatDuration(LIMITS.lostNodeMs)}`);
}
