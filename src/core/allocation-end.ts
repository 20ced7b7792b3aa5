// Ends of allocations: those that we ask for, those that come by themselves, and pools that are given up.
import { formatDuration } from '../base/duration.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure } from '../model/states.ts';
import type { Agent } from './agents.ts';
import { type Allocation, type EndReason, hasEnded, isStarting } from './allocations.ts';
import type { Event } from './events.ts';
import { mayTake } from './leasing.ts';
import { loseAgent, onAllocationGone } from './losses.ts';
import { say } from './notices.ts';
import { hasOtherNodes } from './other-nodes.ts';
import type { Pool } from './pools.ts';
import { emit, isOver, type State } from './state.ts';
import { stopStep } from './step-life.ts';
import type { StepRun } from './steps.ts';

export function isSlurm(state: State, allocation: Allocation): boolean {
  return poolOf(state, allocation).spec.kind === 'slurm';
}

export function poolOf(state: State, allocation: Allocation): Pool {
  return state.pools[allocation.pool] as Pool;
}

/** Allocations that count against `maxAllocations`: an agent that we hear lives, whatever Slurm says. */
export function liveOnSlurm(state: State): number {
  let live = 0;
  for (const allocation of state.allocations) {
    if (isSlurm(state, allocation) && (!hasEnded(allocation) || isHeardAllTheSame(state, allocation))) live += 1;
  }
  return live;
}

/** Not one that came too late to be wanted: its agent is told to go. */
function isHeardAllTheSame(state: State, { id, job, ending }: Allocation): boolean {
  return job !== null && ending === null && state.agents.isHeardOf(id);
}

export function endAllocations(state: State, allocations: readonly Allocation[], reason: EndReason): void {
  if (allocations.length === 0) return;
  for (const allocation of allocations) allocation.ending = { reason: allocation.ending?.reason ?? reason, askedMs: state.nowMs };
  emit(state, { kind: 'end-allocations', allocations: allocations.map(({ id }) => id) });
}

/** The run is over, or is being ended: what has no agent yet is not needed any more. What had one ends by itself. */
export function endStarting(state: State): void {
  endAllocations(
    state,
    [...state.allocations].filter((each) => isSlurm(state, each) && isStarting(each) && !each.ending),
    'over',
  );
}

export function onAllocationEnded(state: State, event: Extract<Event, { kind: 'allocation-ended' }>): void {
  const allocation = state.allocations.get(event.allocation);
  if (allocation === undefined || hasEnded(allocation)) return;
  const before = allocation.stage;
  const failure = failureOf(allocation, event);
  allocation.node ??= event.node ?? null;
  allocation.stage = { kind: 'ended', failure };
  emit(state, { kind: 'store-allocation', allocation: allocation.id, pool: allocation.pool, state: 'ended' });
  if (allocation.job === null)
    poolOf(state, allocation).retryAtMs = state.nowMs + LIMITS.submitRetryMs; // it never was, so far
  else for (const pool of state.pools) pool.retryAtMs = 0; // there is room below Slurm's limits again
  if (before.kind !== 'connected' && isBlamed(state, allocation, failure)) {
    const ranMs = before.kind === 'running' ? state.nowMs - before.sinceMs : 0;
    onSilentEnd(state, allocation, failure, ranMs);
  }
  if (isSlurm(state, allocation)) {
    if (before.kind === 'connected' && !allocation.ending && !isOver(state)) noteCutOff(state, allocation, failure);
    onAllocationGone(state, allocation, failure);
  } else {
    // The process of a local agent is known to be gone.
    for (const agent of state.agents)
      if (agent.info.allocation === allocation.id && agent.presence.kind !== 'gone') loseAgent(state, agent, failure);
  }
}

/** Others ended it while its agents were at work. */
function noteCutOff(state: State, { id }: Allocation, { message }: Failure): void {
  const isAtWork = [...state.agents].some(
    ({ info, presence, holdsNothing }) => info.allocation === id && presence.kind !== 'gone' && !holdsNothing,
  );
  if (isAtWork) say(state, 'warn', `${firstLine(message)}; what ran there is cut off, which spends no retry`);
}

function failureOf({ ending }: Allocation, { cause, detail }: Extract<Event, { kind: 'allocation-ended' }>): Failure {
  if (ending?.reason !== 'silent') return { cause, message: detail };
  const waited = formatDuration(LIMITS.helloPatienceMs);
  return { cause: 'agent-lost', message: `its agent did not say hello for ${waited}: ${detail}` };
}

/** Whether an end without a hello speaks against its pool: not where we wanted it, or others needed its place. */
function isBlamed(state: State, allocation: Allocation, { cause }: Failure): boolean {
  const { ending, isInherited } = allocation;
  if (!isSlurm(state, allocation)) return true;
  if (ending !== null) return ending.reason === 'silent';
  return allocation.job !== null && !isInherited && cause !== 'preempted' && cause !== 'drained';
}

function onSilentEnd(state: State, allocation: Allocation, failure: Failure, ranMs: number): void {
  const pool = poolOf(state, allocation);
  const { node } = allocation;
  if (node !== null && state.nodes.isExcluded(node, state.nowMs)) return; // it was asked for before that
  const isNews = !pool.silentDetails.some((each) => withoutJobs(each) === withoutJobs(failure.message));
  const verdict = state.nodes.onSilentEnd(node, ranMs, hasOtherNodes(state, pool, node));
  if (verdict !== 'kept')
    say(state, 'warn', `no further allocation goes to node ${node}: no agent said hello there: ${failure.message}`);
  if (verdict !== 'odd-one-out') noteSilence(state, pool, failure);
  if (verdict === 'kept' && isSlurm(state, allocation) && pool.failure === null)
    say(
      state,
      'warn',
      `an allocation was of no use, another is asked for: ${isNews ? failure.message : firstLine(failure.message)}`,
    );
}

/** Without what the job printed. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] as string).replace(/; it printed:$/, '');
}

/** One more allocation in a row that was of no use. */
export function noteSilence(state: State, pool: Pool, failure: Failure): void {
  pool.silentInARow += 1;
  const others = pool.silentDetails.filter((each) => withoutJobs(each) !== withoutJobs(failure.message));
  pool.silentDetails = [...others, failure.message];
  if (pool.silentInARow < LIMITS.hostStartFailures) return;
  const what =
    pool.spec.kind === 'local' ? 'agents in a row ended before they said hello' : 'allocations in a row were of no use';
  const details = pool.silentDetails.slice(-LIMITS.hostStartFailures);
  const list = details.length === 1 ? ` ${details[0]}` : `\n${details.join('\n')}`;
  giveUp(state, pool, { ...failure, message: `${LIMITS.hostStartFailures} ${what}:${list}` });
}

/** To tell what is said twice. */
function withoutJobs(message: string): string {
  return message.replaceAll(/job \S+( on \S+)?/g, 'job');
}

/** Nothing more is asked for. What lives goes on; without it the steps of the pool fail. */
export function giveUp(state: State, pool: Pool, failure: Failure): void {
  if (pool.failure !== null) return;
  pool.failure = failure;
  endAllocations(
    state,
    [...state.allocations].filter((each) => each.pool === pool.ordinal && isWaiting(each) && !each.ending),
    'over',
  );
}

function isWaiting({ stage }: Allocation): boolean {
  return stage.kind === 'asked' || stage.kind === 'pending';
}

/** Fails the steps of pools that were given up and hold nothing any more. */
export function failHopelessSteps(state: State): void {
  for (const pool of state.pools) {
    const { failure } = pool;
    if (failure === null || pool.spec.kind === 'local' || hasHope(state, pool)) continue;
    for (const step of state.steps) {
      if (step.pool !== pool.ordinal || step.phase.kind !== 'running') continue;
      stopStep(state, step, 'failed', { ...failure, message: `${step.step.id}: ${failure.message}` }, LIMITS.cancelGraceMs);
    }
  }
}

function hasHope(state: State, pool: Pool): boolean {
  const running = state.steps.filter((step) => step.pool === pool.ordinal && step.phase.kind === 'running');
  for (const agent of state.agents) if (running.some((step) => servesStep(agent, step))) return true;
  for (const allocation of state.allocations)
    if (allocation.pool === pool.ordinal && isStarting(allocation) && !allocation.ending) return true;
  return false;
}

/** It holds units of the step, or may be leased some. */
function servesStep(agent: Agent, step: StepRun): boolean {
  if (agent.presence.kind === 'gone') return false;
  return (agent.held[step.ordinal] as number) > 0 || agent.presence.kind === 'expected' || mayTake(agent, step);
}
