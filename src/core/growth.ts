// What is asked for: one local agent while steps of its pool are left; on Slurm as many allocations as the units left fill,
// within `maxAllocations`, one sbatch a pool at a time. Looked at anew at each tick, as what is asked for counts as there.
import { LIMITS } from '../model/limits.ts';
import type { Shape } from '../plan/slurm.ts';
import { endAllocations, liveOnSlurm } from './allocation-end.ts';
import { type Allocation, hasEnded } from './allocations.ts';
import { say } from './notices.ts';
import { Places } from './places.ts';
import type { Pool, SlurmSpec } from './pools.ts';
import { type ShapeAnswer, shapeFor } from './shape.ts';
import { emit, type State } from './state.ts';
import { stopStep } from './step-life.ts';
import type { StepRun } from './steps.ts';

/** More units than any allocation holds: its largest shape. */
const MANY = Number.MAX_SAFE_INTEGER;

export function grow(state: State): void {
  for (const pool of state.pools) if (pool.spec.kind === 'local') growLocal(state, pool);
  if (!state.hasSlurm || state.agents.anyExpected()) return; // nobody knows yet what they hold
  if (!knowsSite(state)) return;
  learnShapes(state);
  const places = new Places(state);
  endSurplus(state, places);
  const wanting = state.pools.filter((pool) => pool.spec.kind === 'slurm' && places.unplacedOf(pool.ordinal) !== undefined);
  for (const pool of state.pools) pool.isStarved = false;
  for (const [position, pool] of wanting.entries()) growSlurm(state, pool, places, wanting.length - position);
}

function growLocal(state: State, pool: Pool): void {
  if (!state.steps.some((step) => step.pool === pool.ordinal && !step.isEnded)) return;
  if (pool.silentInARow >= LIMITS.hostStartFailures) return;
  for (const agent of state.agents) if (agent.presence.kind === 'connected' && agent.pool === pool.ordinal) return;
  for (const allocation of state.allocations) if (allocation.pool === pool.ordinal && !hasEnded(allocation)) return;
  ask(state, pool, [state.allocations.askLocal(pool.ordinal)], null);
}

function ask(state: State, pool: Pool, allocations: Allocation[], shape: Shape | null): void {
  for (const { id } of allocations) emit(state, { kind: 'store-allocation', allocation: id, pool: pool.ordinal, state: 'asked' });
  emit(state, {
    kind: 'allocate',
    pool: pool.ordinal,
    allocations: allocations.map(({ id }) => id),
    shape,
    excludedNodes: shape ? state.nodes.excluded(state.nowMs) : [],
  });
}

/** Slurm is asked for its nodes when the first units of a Slurm pool are known. */
function knowsSite(state: State): boolean {
  if (state.site.kind === 'unasked' && state.steps.some((step) => isOnSlurm(state, step) && step.phase.kind === 'running')) {
    state.site = { kind: 'asked' };
    emit(state, { kind: 'ask-site' });
  }
  return state.site.kind === 'known';
}

function isOnSlurm(state: State, step: StepRun): boolean {
  return state.pools[step.pool]?.spec.kind === 'slurm';
}

function shapeOf(state: State, pool: Pool, step: StepRun, unitsLeft: number): ShapeAnswer {
  if (state.site.kind !== 'known') throw new Error('the site is not known');
  const { directives, nodesPerAllocation } = pool.spec as SlurmSpec;
  return shapeFor({
    needs: step.needs,
    directives,
    site: state.site.site,
    unitsLeft,
    nodesPerAllocation,
    sizeStep: pool.sizeStep,
  });
}

/** Allocations of an earlier holder are of the shape that we would ask for. */
function learnShapes(state: State): void {
  for (const allocation of state.allocations) {
    const pool = state.pools[allocation.pool] as Pool;
    if (allocation.shape !== null || pool.spec.kind === 'local' || hasEnded(allocation)) continue;
    const step = state.steps.find((each) => each.pool === pool.ordinal && each.phase.kind === 'running');
    const answer = step && shapeOf(state, pool, step, MANY);
    if (answer?.kind === 'shape') allocation.shape = answer.shape;
  }
}

/** None beyond what is left: pending ones that no unit needs any more. */
function endSurplus(state: State, places: Places): void {
  const surplus: Allocation[] = [];
  for (const allocation of state.allocations) {
    if (allocation.stage.kind !== 'pending' || allocation.ending || places.isNeeded(allocation)) continue;
    const willBeNeeded = state.steps.some((step) => step.pool === allocation.pool && step.phase.kind === 'preparing');
    if (!willBeNeeded) surplus.push(allocation);
  }
  endAllocations(state, surplus, 'surplus');
}

function growSlurm(state: State, pool: Pool, places: Places, poolsLeft: number): void {
  const spec = pool.spec as SlurmSpec;
  if (pool.failure !== null || state.nowMs < pool.retryAtMs || isAsking(state, pool)) return;
  const free = spec.maxAllocations - liveOnSlurm(state);
  for (let unplaced = places.unplacedOf(pool.ordinal); unplaced; unplaced = places.unplacedOf(pool.ordinal)) {
    if (free <= 0) {
      pool.isStarved = true;
      return;
    }
    const { step, units } = unplaced;
    let answer = shapeOf(state, pool, step, units);
    if (answer.kind === 'impossible') {
      failStep(state, step, `${answer.message}; ${answer.hint}`);
      unplaced.units = 0;
      continue;
    }
    const site = state.site.kind === 'known' ? state.site.site.maxArraySize : 1;
    // Pools that want more share what is free.
    const most = Math.min(Math.ceil(free / poolsLeft), pool.most, site);
    const count = Math.min(answer.array, most);
    if (count < answer.array) answer = shapeOf(state, pool, step, MANY); // each will be full
    if (answer.kind === 'impossible') return;
    for (const text of answer.warnings) say(state, 'warn', text);
    const allocations = state.allocations.askSlurm(pool.ordinal, count, answer.shape);
    ask(state, pool, allocations, answer.shape);
    places.add(allocations);
    pool.isStarved = places.unplacedOf(pool.ordinal) !== undefined && liveOnSlurm(state) >= spec.maxAllocations;
    return; // what another step wants on top is asked for when Slurm has answered
  }
}

function failStep(state: State, step: StepRun, message: string): void {
  stopStep(state, step, 'failed', { cause: 'agent-lost', message: `${step.step.id}: ${message}` }, LIMITS.cancelGraceMs);
}

function isAsking(state: State, pool: Pool): boolean {
  for (const { stage, pool: of } of state.allocations) if (of === pool.ordinal && stage.kind === 'asked') return true;
  return false;
}
