// Where units find a place: agents first, then allocations that are on their way. What finds none is to be asked for, and an
// allocation that nothing needs is one too many.

import { LIMITS } from '../model/limits.ts';
import { type Allocation, isStarting } from './allocations.ts';
import { silentNodes } from './other-nodes.ts';
import type { State } from './state.ts';
import type { StepRun } from './steps.ts';
import { UNIT } from './units.ts';

/** One node, with what of it is still free. */
interface Place {
  /** Null: it takes units of any pool. */
  pool: number | null;
  allocation: Allocation | null;
  cpus: number;
  memoryMib: number;
  gpus: number;
  closed: readonly boolean[] | null;
  isUsed: boolean;
}

export interface Unplaced {
  step: StepRun;
  units: number;
}

export class Places {
  readonly #places: Place[];
  readonly #unplaced: Unplaced[];

  constructor(state: State) {
    this.#places = placesOf(state);
    this.#unplaced = state.steps
      .map((step) => ({ step, units: unitsWanted(state, step) }))
      .filter(({ step, units }) => units > 0 && state.pools[step.pool]?.spec.kind === 'slurm');
    this.#fill();
  }

  unplacedOf(pool: number): Unplaced | undefined {
    return this.#unplaced.find(({ step, units }) => step.pool === pool && units > 0);
  }

  add(allocations: readonly Allocation[]): void {
    for (const allocation of allocations) this.#places.push(...nodesOf(allocation));
    this.#fill();
  }

  isNeeded(allocation: Allocation): boolean {
    return this.#places.some((place) => place.allocation === allocation && place.isUsed);
  }

  #fill(): void {
    for (const unplaced of this.#unplaced) {
      const { pool, ordinal, needs } = unplaced.step;
      for (const place of this.#places) {
        if (unplaced.units <= 0) break;
        if ((place.pool !== null && place.pool !== pool) || place.closed?.[ordinal]) continue;
        const units = Math.min(unplaced.units, fitting(place, needs));
        if (units <= 0) continue;
        unplaced.units -= units;
        place.cpus -= units * needs.cpus;
        place.memoryMib -= units * needs.memoryMib;
        place.gpus -= units * needs.gpus;
        place.isUsed = true;
      }
    }
  }
}

interface Resources {
  cpus: number;
  memoryMib: number;
  gpus: number;
}

/** How many units of `needs` fit `free` at once. */
export function fitting(free: Resources, needs: Resources): number {
  let fits = Math.floor(free.cpus / needs.cpus);
  if (needs.memoryMib > 0) fits = Math.min(fits, Math.floor(free.memoryMib / needs.memoryMib));
  if (needs.gpus > 0) fits = Math.min(fits, Math.floor(free.gpus / needs.gpus));
  return fits;
}

/** Units of a running step that must run, and not already do so on an agent that takes no more. */
function unitsWanted(state: State, step: StepRun): number {
  if (step.phase.kind !== 'running') return 0;
  const { units } = step.phase;
  let wanted = units.unsettled;
  const dueMs = units.nextWakeMs();
  // Units that wait long for their next try hold no allocation meanwhile.
  if (dueMs !== undefined && dueMs > state.nowMs + LIMITS.idleAgentMs) wanted -= units.counts[UNIT.delayed] as number;
  if (step.step.kind === 'map') wanted = Math.min(wanted, step.step.simultaneousTasks ?? wanted);
  for (const agent of state.agents) {
    if (agent.draining || agent.closed[step.ordinal]) wanted -= agent.held[step.ordinal] as number;
  }
  return wanted;
}

function placesOf(state: State): Place[] {
  const places: Place[] = [];
  for (const agent of state.agents) {
    if (agent.presence.kind === 'gone' || agent.draining) continue;
    const allocation = state.allocations.get(agent.info.allocation) ?? null;
    const { cpus, memoryMib, gpus } = agent.info;
    places.push({
      pool: agent.pool,
      allocation,
      cpus,
      memoryMib: memoryMib || Number.POSITIVE_INFINITY,
      gpus,
      closed: agent.closed,
      isUsed: false,
    });
  }
  const later: Allocation[] = [];
  for (const allocation of state.allocations) {
    if (allocation.ending) continue;
    if (isStarting(allocation)) later.push(allocation);
    else if (allocation.stage.kind === 'connected' && !allocation.stage.isNoted)
      places.push(...nodesOf(allocation, silentNodes(state, allocation)));
  }
  const isRunning = ({ stage }: Allocation): number => Number(stage.kind !== 'running');
  later.sort((a, b) => isRunning(a) - isRunning(b));
  for (const allocation of later) places.push(...nodesOf(allocation));
  return places;
}

function nodesOf(allocation: Allocation, count = allocation.shape?.nodes): Place[] {
  const { shape, pool } = allocation;
  if (shape === null) return []; // its shape is learned before anything is asked for
  return Array.from({ length: count ?? 0 }, () => ({
    pool,
    allocation,
    cpus: shape.cpus,
    memoryMib: shape.memoryMib ?? Number.POSITIVE_INFINITY,
    gpus: shape.gpus,
    closed: null,
    isUsed: false,
  }));
}
