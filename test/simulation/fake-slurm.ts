// A Slurm for the world: jobs that wait, run and end, commands whose answers are refused, late or lost, and faults at will. Its
// truth lives on while coordinators come and go; `poll` and `inspect` say what a coordinator would read of it.
import { assert } from '../../src/base/assert.ts';
import type { Effect } from '../../src/core/effects.ts';
import type { PoolSpec } from '../../src/core/pools.ts';
import type { Cause } from '../../src/model/states.ts';
import type { Shape, SiteFacts, UnitNeeds } from '../../src/plan/slurm.ts';
import { node, partition } from '../support/site.ts';
import type { SimAgent } from './sim-agent.ts';
import type { SlurmSide, World } from './world.ts';

export interface SlurmFaults {
  /** sbatch times out; the job runs all the same in half of the cases. */
  unclear: number;
  /** Of those whose answer is lost, how many run only later, when they have been looked for in vain. */
  late: number;
  /** scancel does not get through. */
  deafScancel: number;
  /** Jobs that a user may have; more are refused. */
  limit: number;
  /** Most CPUs that Slurm grants on a node, whatever it shows. */
  mostCpus: number;
  /** Agents that start and never say hello. */
  mute: number;
  /** Slurm says that a job has ended, whose agent lives and goes on. */
  lies: number;
  /** Nodes whose agents end at once. */
  badNodes: string[];
  preempt: number;
  nodeLost: number;
  /** 0: without end. */
  walltimeMs: number;
}

const NO_FAULTS: SlurmFaults = {
  unclear: 0,
  late: 0,
  deafScancel: 0,
  limit: Number.POSITIVE_INFINITY,
  mostCpus: Number.POSITIVE_INFINITY,
  mute: 0,
  lies: 0,
  badNodes: [],
  preempt: 0,
  nodeLost: 0,
  walltimeMs: 0,
};

interface Job {
  allocation: string;
  job: string;
  shape: Shape;
  state: 'pending' | 'running' | { ended: Cause; detail: string };
  node: string;
  endsAtMs: number;
}

const NODES = ['n1', 'n2', 'n3', 'n4'];

export class FakeSlurm implements SlurmSide {
  readonly pools: readonly PoolSpec[];
  readonly faults: SlurmFaults;
  readonly jobs = new Map<string, Job>();
  /** Submissions that are carried out some time, and the allocations of those that were. */
  readonly #toCome: { allocations: readonly string[]; shape: Shape }[] = [];
  readonly #cameLate = new Set<string>();
  /** Asked to end. */
  readonly #unwanted = new Set<string>();
  /** Most jobs at a time. */
  most = 0;
  submits = 0;
  readonly #world: World;
  readonly #poolOf: (step: number) => number;
  readonly #needs: (step: number) => Partial<UnitNeeds>;
  readonly #maxAllocations: number;
  #count = 0;

  constructor(
    world: World,
    options: {
      poolOf: (step: number) => number;
      needsOf?: (step: number) => Partial<UnitNeeds>;
      pools: number;
      maxAllocations: number;
      faults: Partial<SlurmFaults>;
    },
  ) {
    this.#world = world;
    this.#poolOf = options.poolOf;
    this.#needs = options.needsOf ?? (() => ({}));
    this.#maxAllocations = options.maxAllocations;
    this.faults = { ...NO_FAULTS, ...options.faults };
    const { maxAllocations } = options;
    const slurm = { kind: 'slurm', directives: [], maxAllocations, nodesPerAllocation: 1 } as const;
    this.pools = [{ kind: 'local' }, ...Array.from({ length: options.pools }, () => slurm)];
  }

  poolOf(step: number): number {
    return this.#poolOf(step);
  }

  needsOf(step: number): UnitNeeds {
    const found = this.#world.plan.workflow.steps[step];
    const cpus = found?.kind === 'map' ? found.cpusPerTask : 1;
    return { cpus, memoryMib: 0, gpus: 0, timeMs: 0, ...this.#needs(step) };
  }

  get live(): Job[] {
    return [...this.jobs.values()].filter(({ state }) => typeof state === 'string');
  }

  /** Without what came late: where it is not wanted, it is on its way out. */
  get #expected(): Job[] {
    return this.live.filter(({ allocation }) => !this.#cameLate.has(allocation));
  }

  carryOut(effect: Effect): void {
    const world = this.#world;
    switch (effect.kind) {
      case 'ask-site':
        return world.enqueue({ kind: 'site-known', site: site() });
      case 'allocate':
        return this.#submit(effect);
      case 'end-allocations':
        for (const id of effect.allocations) {
          this.#unwanted.add(id);
          if (!world.random.chance(this.faults.deafScancel)) this.#cancel(id);
        }
        return;
      case 'inspect-allocation':
        return this.#tell(effect.allocation);
      default:
    }
  }

  #submit({ allocations, shape, pool, excludedNodes }: Extract<Effect, { kind: 'allocate' }>): void {
    const world = this.#world;
    assert(shape !== null, 'an allocation in Slurm has a shape');
    this.submits += 1;
    this.#checkGrowth(pool, allocations.length, shape);
    const refuse = (why: 'size' | 'limit'): void =>
      world.enqueue({
        kind: 'allocations-refused',
        allocations,
        why,
        message: `refused for its ${why}`,
        othersOfOurs: this.live.length > 0,
      });
    if (shape.cpus > this.faults.mostCpus) return refuse('size');
    if (this.live.length + allocations.length > this.faults.limit) return refuse('limit');
    const isUnclear = world.random.chance(this.faults.unclear);
    if (isUnclear && world.random.chance(this.faults.late)) {
      this.#toCome.push({ allocations, shape });
      return;
    }
    if (isUnclear && world.random.chance(0.5)) return;
    this.#take(allocations, shape, excludedNodes);
    this.most = Math.max(this.most, this.#expected.length);
    if (isUnclear) return;
    world.enqueue({
      kind: 'allocations-submitted',
      allocations: allocations.map((id) => ({ id, job: this.jobs.get(id)?.job as string })),
    });
  }

  #take(allocations: readonly string[], shape: Shape, excludedNodes: readonly string[]): void {
    for (const allocation of allocations) {
      const job = `${++this.#count}`;
      const node = this.#world.random.pick(NODES.filter((name) => !excludedNodes.includes(name)));
      this.jobs.set(allocation, { allocation, job, shape, state: 'pending', node, endsAtMs: 0 });
    }
  }

  /** No growth beyond the work: what is asked for now holds no more units than are left, but for the last of each. */
  #checkGrowth(pool: number, count: number, shape: Shape): void {
    const left = this.#world.core
      .counts()
      .filter(({ step }) => this.poolOf(step) === pool)
      .reduce((sum, each) => sum + (each.total ?? 0) - each.succeeded - each.failed - each.other, 0);
    const units = count * shape.nodes * shape.unitsPerNode;
    assert(units < left + count, `${count} allocations for ${units} units are asked for, ${left} units are left`);
    const { length } = this.#expected;
    assert(length + count <= this.#maxAllocations, `${count} more than ${length} are asked for`);
  }

  #cancel(allocation: string): void {
    const job = this.jobs.get(allocation);
    if (job) this.#end(job, 'cancelled', 'cancelled');
  }

  #end(job: Job, cause: Cause, detail: string): void {
    if (typeof job.state !== 'string') return;
    job.state = { ended: cause, detail };
    const agent = this.#world.agents.find((each) => each.allocation === job.allocation);
    if (agent) this.#world.kill(agent);
  }

  onAgentGone(agent: SimAgent, how: 'left' | 'killed'): void {
    const job = this.jobs.get(agent.allocation);
    if (job && typeof job.state === 'string')
      job.state = how === 'left' ? { ended: 'drained', detail: 'it ended' } : { ended: 'agent-lost', detail: 'its agent died' };
  }

  onTakeOver(): void {}

  /** Something happens in the cluster. */
  happen(rate: number): void {
    const { random, nowMs } = this.#world;
    const coming = this.#world.end === undefined && random.chance(0.02) ? this.#toCome.shift() : undefined;
    if (coming !== undefined) {
      this.#take(coming.allocations, coming.shape, []);
      for (const allocation of coming.allocations) this.#cameLate.add(allocation);
    }
    for (const job of this.live) {
      if (job.state === 'running' && nowMs >= job.endsAtMs) this.#end(job, 'walltime', 'its time was over');
    }
    const { live } = this;
    if (live.length === 0) return;
    const job = random.pick(live);
    const agent = this.#world.agents.find((each) => each.allocation === job.allocation);
    if (agent?.session && job.endsAtMs - nowMs < 5_000) this.#world.sayNothingMore(agent);
    if (job.state === 'pending' && random.chance(0.3)) {
      job.state = 'running';
      job.endsAtMs = this.faults.walltimeMs > 0 ? nowMs + this.faults.walltimeMs : Number.POSITIVE_INFINITY;
      if (this.faults.badNodes.includes(job.node)) this.#end(job, 'agent-lost', `no agent on ${job.node}`);
      else if (!random.chance(this.faults.mute * rate)) this.#world.addAgent(job.allocation, job.shape.cpus, 16_000);
    } else if (job.state === 'running') {
      if (random.chance(this.faults.preempt * rate)) this.#end(job, 'preempted', 'preempted');
      else if (random.chance(this.faults.nodeLost * rate)) this.#end(job, 'node-lost', 'its node died');
    }
  }

  /** One squeue: what it says of the allocations that the store knows, in any order and as often as one likes. */
  poll(): void {
    for (const { allocation, pool, state } of this.#world.allocations.values()) {
      const hasCome = this.#cameLate.has(allocation) && typeof this.jobs.get(allocation)?.state === 'string';
      if (pool > 0 && (state !== 'ended' || hasCome)) this.#tell(allocation);
      if (hasCome && this.#unwanted.has(allocation)) this.#cancel(allocation);
    }
  }

  #isHeardOf(allocation: string): boolean {
    return this.#world.agents.some((agent) => agent.allocation === allocation && agent.session !== null);
  }

  #tell(allocation: string): void {
    const world = this.#world;
    const job = this.jobs.get(allocation);
    if (job === undefined) {
      world.enqueue({ kind: 'allocation-ended', allocation, cause: 'agent-lost', detail: 'there is no such job' });
      return;
    }
    if (!world.jobs.has(allocation)) {
      world.jobs.set(allocation, job.job);
      world.enqueue({ kind: 'allocations-submitted', allocations: [{ id: allocation, job: job.job }] });
    }
    const { state, node, endsAtMs } = job;
    if (state === 'pending') {
      const waiting = { kind: 'wait', reason: 'Priority', text: 'others are first', expectedStartMs: null } as const;
      world.enqueue({ kind: 'allocation-waits', allocation, waiting });
    } else if (state === 'running' && this.#isHeardOf(allocation) && world.random.chance(this.faults.lies)) {
      world.enqueue({ kind: 'allocation-ended', allocation, cause: 'node-lost', detail: 'so Slurm believes' });
    } else if (state === 'running') {
      world.enqueue({ kind: 'allocation-running', allocation, node, ...(Number.isFinite(endsAtMs) && { endsAtMs }) });
    } else {
      world.enqueue({ kind: 'allocation-ended', allocation, cause: state.ended, detail: state.detail, node });
    }
  }
}

function site(): SiteFacts {
  return { nodes: NODES.map((name) => node(name, { cpus: 4 })), partitions: [partition('debug')], maxArraySize: 1001 };
}
