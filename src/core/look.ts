// What those who look at a run ask of its units: where one is, and which ones run.
import type { AgentInfo } from './events.ts';
import type { State } from './state.ts';
import { UNIT, type UnitCode } from './units.ts';

export type UnitHolder =
  | { kind: 'held'; session: number; agent: AgentInfo }
  /** By an agent that is not connected now. */
  | { kind: 'away'; agent: AgentInfo }
  /** `unknown`: the step has no such unit, or its units are not known yet. */
  | { kind: 'none'; state: 'unknown' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'aborted' };

const STATE_NAMES: Record<UnitCode, Extract<UnitHolder, { kind: 'none' }>['state']> = {
  [UNIT.pending]: 'waiting',
  [UNIT.delayed]: 'waiting',
  [UNIT.leased]: 'waiting',
  [UNIT.running]: 'waiting',
  [UNIT.succeeded]: 'succeeded',
  [UNIT.failed]: 'failed',
  [UNIT.cancelled]: 'cancelled',
  [UNIT.aborted]: 'aborted',
};

export function holderOf({ steps, agents }: State, step: number, index: number): UnitHolder {
  const units = steps[step]?.units;
  if (!units || index >= units.total) return { kind: 'none', state: 'unknown' };
  const holder = units.holderOf(index);
  if (holder === undefined) return { kind: 'none', state: STATE_NAMES[units.stateOf(index)] };
  const { presence, info } = agents.byNumber(holder);
  return presence.kind === 'connected' ? { kind: 'held', session: presence.session, agent: info } : { kind: 'away', agent: info };
}

/** The first `limit` of the units that run, and how many do. */
export function runningUnits({ steps }: State, limit: number): { units: { step: number; index: number }[]; total: number } {
  const found: { step: number; index: number }[] = [];
  let total = 0;
  for (const { ordinal, units } of steps) {
    if (!units) continue;
    const running = units.counts[UNIT.running] as number;
    total += running;
    for (let index = 0, left = Math.min(running, limit - found.length); left > 0 && index < units.total; index++) {
      if (units.stateOf(index) !== UNIT.running) continue;
      found.push({ step: ordinal, index });
      left--;
    }
  }
  return { units: found, total };
}
