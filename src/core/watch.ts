// What is not waited for without end: allocations whose agents keep silent, an admin, an end that we asked for.
import { formatDuration } from '../base/duration.ts';
import { LIMITS } from '../model/limits.ts';
import { endAllocations, isSlurm } from './allocation-end.ts';
import { type Allocation, hasEnded, nameOf } from './allocations.ts';
import { say } from './notices.ts';
import { silentNodes } from './other-nodes.ts';
import { emit, type State } from './state.ts';

export function watchAllocations(state: State): void {
  const silent: Allocation[] = [];
  const over: Allocation[] = [];
  for (const allocation of state.allocations) {
    const dueMs = dueMsOf(state, allocation);
    if (dueMs === undefined || dueMs > state.nowMs) continue;
    const { stage, ending } = allocation;
    if (ending !== null) over.push(allocation);
    else if (isGreeting(state, allocation)) noteSilentNodes(state, allocation);
    else if (stage.kind === 'connected') over.push(allocation);
    else if (stage.kind === 'running' && stage.isNoted) silent.push(allocation);
    else if (stage.kind === 'running') noteSilent(state, allocation, stage);
    else if (stage.kind === 'pending' && stage.waiting !== null) {
      stage.isNoted = true;
      say(state, 'warn', `allocations wait for an admin of the cluster (${stage.waiting.reason}): ${stage.waiting.text}`);
    }
  }
  endAllocations(state, silent, 'silent');
  endAllocations(state, over, 'over');
}

function noteSilent(state: State, allocation: Allocation, stage: { isNoted: boolean }): void {
  stage.isNoted = true;
  const since = formatDuration(LIMITS.helloNoticeMs);
  say(state, 'warn', `allocation ${nameOf(allocation)} has been running for ${since}, but its agent has not said hello`);
  emit(state, { kind: 'inspect-allocation', allocation: allocation.id, isSignalled: false });
}

/** Agents of it are heard of, but not of all of its nodes. */
function isGreeting(state: State, allocation: Allocation): allocation is Allocation & { stage: { kind: 'connected' } } {
  const { stage } = allocation;
  if (stage.kind !== 'connected' || stage.isNoted || stage.emptySinceMs !== null || state.phase.kind === 'ended') return false;
  return silentNodes(state, allocation) > 0;
}

/** What they would have been given goes elsewhere; should their agents come all the same, they are welcome. */
function noteSilentNodes(state: State, allocation: Allocation & { stage: { isNoted: boolean } }): void {
  allocation.stage.isNoted = true;
  if (allocation.isInherited) return; // agents of an earlier holder's time are not all known
  const count = silentNodes(state, allocation);
  const since = formatDuration(LIMITS.helloNoticeMs);
  const nodes = `${count} of the ${allocation.shape?.nodes} nodes of allocation ${nameOf(allocation)}`;
  say(state, 'warn', `${nodes} ${count === 1 ? 'has' : 'have'} not said hello within ${since} of the first: others get the work`);
}

/** When there is something to do about the allocation though nothing happens to it. */
export function dueMsOf(state: State, allocation: Allocation): number | undefined {
  const { stage, ending } = allocation;
  if (hasEnded(allocation) || !isSlurm(state, allocation)) return undefined;
  if (ending !== null) return ending.askedMs + LIMITS.endRetryMs;
  if (stage.kind === 'running') return stage.sinceMs + (stage.isNoted ? LIMITS.helloPatienceMs : LIMITS.helloNoticeMs);
  // A job that goes on without its agents, or though its agents were told to go.
  if (stage.kind === 'connected' && stage.emptySinceMs !== null)
    return stage.emptySinceMs + (state.phase.kind === 'ended' ? LIMITS.jobExitMs : LIMITS.endRetryMs);
  if (stage.kind === 'connected' && state.phase.kind === 'ended') return state.phase.atMs + LIMITS.cancelGraceMs;
  if (isGreeting(state, allocation)) return allocation.stage.sinceMs + LIMITS.helloNoticeMs;
  if (stage.kind === 'pending' && stage.waiting?.kind === 'admin' && !stage.isNoted)
    return stage.waitsSinceMs + LIMITS.adminNoticeMs;
  return undefined;
}
