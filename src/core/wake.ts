// When the next thing is due that only the clock brings.
import { LIMITS } from '../model/limits.ts';
import type { State } from './state.ts';
import { dueMsOf } from './watch.ts';

/** Undefined: nothing is due. */
export function nextWakeMs(state: State): number | undefined {
  const due: number[] = [];
  for (const allocation of state.allocations) due.push(dueMsOf(state, allocation) ?? Number.POSITIVE_INFINITY);
  if (state.phase.kind !== 'ended') {
    for (const { presence, leaving, idleSinceMs, draining } of state.agents) {
      if (presence.kind === 'away' || presence.kind === 'expected') due.push(presence.lostAtMs);
      if (leaving.kind === 'asks') due.push(leaving.answerAtMs);
      if (idleSinceMs !== null && !draining) due.push(idleSinceMs + LIMITS.idleAgentMs);
    }
    for (const { retryAtMs } of state.pools) if (retryAtMs > state.nowMs) due.push(retryAtMs);
    for (const step of state.steps) due.push(step.units?.nextWakeMs() ?? Number.POSITIVE_INFINITY);
  }
  const wake = due.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return Number.isFinite(wake) ? wake : undefined;
}
