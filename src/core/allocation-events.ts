// What Slurm says of allocations on their way: submitted, refused, waiting, running. And the hello of their agents.
import { LIMITS } from '../model/limits.ts';
import { type Agent, NO_POOL } from './agents.ts';
import { endAllocations, giveUp, liveOnSlurm, noteSilence, poolOf } from './allocation-end.ts';
import { type Allocation, connect, hasEnded, isStarting, nameOf } from './allocations.ts';
import type { Event } from './events.ts';
import { say } from './notices.ts';
import { nodeOf } from './other-nodes.ts';
import { fitting } from './places.ts';
import type { Pool } from './pools.ts';
import { emit, isOver, type State } from './state.ts';

type Of<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>;

export function onSubmitted(state: State, event: Of<'allocations-submitted'>): void {
  const unwanted: Allocation[] = [];
  for (const { id, job } of event.allocations) {
    const allocation = state.allocations.get(id);
    if (allocation === undefined || (hasEnded(allocation) && allocation.job !== null)) continue;
    allocation.job = job;
    if (hasEnded(allocation) && !isWantedLate(state, allocation)) {
      unwanted.push(allocation);
      continue;
    }
    if (state.agents.isHeardOf(id)) connect(allocation, state.nowMs);
    else if (allocation.stage.kind === 'asked' || hasEnded(allocation))
      allocation.stage = { kind: 'pending', waiting: null, waitsSinceMs: state.nowMs, isNoted: false };
    store(state, allocation, allocation.stage.kind === 'pending' ? 'asked' : 'running');
  }
  const pools = new Set(event.allocations.map(({ id }) => state.allocations.get(id)?.pool));
  for (const pool of state.pools) if (pools.has(pool.ordinal)) onTaken(state, pool);
  // What is not wanted any more was asked to end before Slurm knew of it.
  for (const { id } of event.allocations) {
    const allocation = state.allocations.get(id);
    if (allocation && !hasEnded(allocation) && (allocation.ending !== null || isOver(state))) unwanted.push(allocation);
  }
  endAllocations(state, unwanted, 'over');
}

/** What Slurm carried out long after it was asked, when nobody expected it any more: of use if it may have a place. */
function isWantedLate(state: State, allocation: Allocation): boolean {
  const { spec, failure } = poolOf(state, allocation);
  if (isOver(state) || failure !== null || spec.kind === 'local') return false;
  return liveOnSlurm(state) < spec.maxAllocations;
}

/** After a refusal fewer were taken: the rest is asked for later, and more at a time. */
function onTaken(state: State, pool: Pool): void {
  if (pool.spec.kind === 'local' || pool.most === Number.POSITIVE_INFINITY) return;
  pool.most = pool.most * 2 >= pool.spec.maxAllocations ? Number.POSITIVE_INFINITY : pool.most * 2;
  pool.retryAtMs = state.nowMs + LIMITS.submitRetryMs;
}

export function onRefused(state: State, event: Of<'allocations-refused'>): void {
  const refused = event.allocations.map((id) => state.allocations.get(id)).filter((each) => each !== undefined);
  const [first] = refused;
  if (first === undefined || hasEnded(first)) return;
  for (const allocation of refused) {
    allocation.stage = { kind: 'ended', failure: { cause: 'cancelled', message: event.message } };
    store(state, allocation, 'ended');
  }
  if (isOver(state)) return;
  const pool = poolOf(state, first);
  const said = event.message.replaceAll('\n', '; ');
  const words = { cause: 'agent-lost', message: `Slurm refused the allocation: ${said}` } as const;
  switch (event.why) {
    case 'size': {
      const units = first.shape?.unitsPerNode ?? 1;
      if (units === 1 || isFixed(pool)) return giveUp(state, pool, words);
      pool.sizeStep += 1;
      return say(state, 'warn', `Slurm refused allocations for ${units} units a node (${said}); asking for half of it`);
    }
    case 'limit':
      if (refused.length > 1) {
        pool.most = Math.floor(refused.length / 2);
        return say(state, 'info', `Slurm refused ${refused.length} allocations at once (${said}); asking for fewer`);
      }
      if (!event.othersOfOurs && liveOnSlurm(state) === 0) return giveUp(state, pool, words);
      pool.most = 1;
      pool.retryAtMs = state.nowMs + LIMITS.submitRetryMs;
      return say(state, 'info', `Slurm takes no further job of yours for now (${said}); more are asked for as others end`);
    case 'invalid':
      return giveUp(state, pool, words);
  }
}

/** The user says how large an allocation is: a smaller one is not ours to ask for. */
function isFixed({ spec }: Pool): boolean {
  return (
    spec.kind === 'slurm' &&
    spec.directives.some(({ name, value }) => name === 'cpus-per-task' || (name === 'exclusive' && value === true))
  );
}

export function onWaits(state: State, { allocation: id, waiting }: Of<'allocation-waits'>): void {
  const allocation = state.allocations.get(id);
  if (allocation === undefined || allocation.ending) return;
  const { stage } = allocation;
  if (stage.kind !== 'asked' && stage.kind !== 'pending') return;
  allocation.stage =
    stage.kind === 'pending' && stage.waiting?.kind === waiting.kind
      ? { ...stage, waiting }
      : { kind: 'pending', waiting, waitsSinceMs: state.nowMs, isNoted: false };
  if (waiting.kind !== 'never') return;
  endAllocations(state, [allocation], 'over');
  giveUp(state, poolOf(state, allocation), {
    cause: 'agent-lost',
    message: `allocation ${nameOf(allocation)} can never start (${waiting.reason}): ${waiting.text}`,
  });
}

export function onRunning(state: State, event: Of<'allocation-running'>): void {
  const allocation = state.allocations.get(event.allocation);
  if (allocation === undefined || hasEnded(allocation)) return;
  const { stage, endsAtMs, node } = allocation;
  allocation.endsAtMs = event.endsAtMs ?? endsAtMs;
  allocation.node = event.node ?? node;
  const isNews = stage.kind === 'asked' || stage.kind === 'pending';
  if (isNews) allocation.stage = { kind: 'running', sinceMs: state.nowMs, isNoted: false };
  // Polls repeat it; a local one says it once, when its process is known.
  const isLocal = poolOf(state, allocation).spec.kind === 'local';
  if (isNews || isLocal || allocation.endsAtMs !== endsAtMs || allocation.node !== node) store(state, allocation, 'running');
}

/** An agent of an allocation has said hello. Undefined: it is welcome; else why it must go. */
export function onHello(state: State, agent: Agent): string | undefined {
  const allocation = state.allocations.get(agent.info.allocation);
  if (allocation === undefined) return agent.pool === NO_POOL ? 'its allocation is not one of this run' : undefined;
  if (isStarting(allocation) && allocation.stage.kind !== 'running') store(state, allocation, 'running');
  const isMissing = hasEnded(allocation) && allocation.job === null;
  if (isMissing && !isWantedLate(state, allocation)) return 'its allocation is not needed any more';
  if (isMissing) store(state, allocation, 'running');
  if (isMissing || !hasEnded(allocation)) connect(allocation, state.nowMs);
  const pool = poolOf(state, allocation);
  if (pool.spec.kind === 'slurm') {
    state.nodes.onHello(nodeOf(state, agent, allocation) ?? agent.info.host);
    const misfit = misfitOf(state, agent);
    if (misfit !== undefined) {
      noteSilence(state, pool, { cause: 'agent-lost', message: misfit });
      return misfit;
    }
  }
  pool.silentInARow = 0;
  pool.silentDetails = [];
  return allocation.ending ? 'its allocation is not needed any more' : undefined;
}

/** Why the agent can hold no unit that waits: it was granted less than was asked for. */
function misfitOf(state: State, agent: Agent): string | undefined {
  const running = state.steps.filter((step) => step.pool === agent.pool && step.phase.kind === 'running');
  const { host, cpus, memoryMib, gpus } = agent.info;
  const free = { cpus, gpus, memoryMib: memoryMib || Number.POSITIVE_INFINITY };
  const [step] = running;
  if (step === undefined || running.some(({ needs }) => fitting(free, needs) > 0)) return undefined;
  const later = state.steps.some((each) => each.pool === agent.pool && ['waiting', 'preparing'].includes(each.phase.kind));
  if (later) return undefined;
  const { needs } = step;
  return `the agent on ${host} has ${cpus} CPUs, ${memoryMib} MiB and ${gpus} GPUs; a unit of ${step.step.id} needs ${needs.cpus}, ${needs.memoryMib} and ${needs.gpus}`;
}

function store(state: State, allocation: Allocation, to: 'asked' | 'running' | 'ended'): void {
  emit(state, { kind: 'store-allocation', allocation: allocation.id, pool: allocation.pool, state: to });
}
