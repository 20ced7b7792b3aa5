// A run on Slurm in few lines: maps in pools, a site of equal nodes, and what core says to each event.
import { Core } from '../../../src/core/core.ts';
import type { Effect } from '../../../src/core/effects.ts';
import type { AgentInfo, Event, Lease } from '../../../src/core/events.ts';
import type { PoolSpec } from '../../../src/core/pools.ts';
import type { Cause, Failure } from '../../../src/model/states.ts';
import type { MapStep } from '../../../src/plan/plan.ts';
import type { NodeFacts, UnitNeeds, Waiting } from '../../../src/plan/slurm.ts';
import { mapStep, planOf } from '../../support/plans.ts';
import { node, partition } from '../../support/site.ts';

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

interface MapOptions extends Partial<UnitNeeds> {
  total: number;
  /** Default: 1. */
  pool?: number;
  step?: Partial<MapStep>;
}

interface RunOptions {
  maxAllocations?: number;
  nodesPerAllocation?: number;
  nodes?: Partial<NodeFacts>[];
  epoch?: number;
  directives?: Extract<PoolSpec, { kind: 'slurm' }>['directives'];
}

export class SlurmRun {
  readonly core: Core;
  nowMs = 1_000_000;
  readonly maps: MapOptions[];
  /** All that was said so far. */
  readonly effects: Effect[] = [];
  readonly #nodes: Partial<NodeFacts>[];
  #sessions = 0;

  constructor(maps: MapOptions[], options: RunOptions = {}) {
    this.maps = maps;
    this.#nodes = options.nodes ?? [{}, {}, {}, {}];
    const slurm = {
      kind: 'slurm',
      directives: options.directives ?? [],
      maxAllocations: options.maxAllocations ?? 10,
      nodesPerAllocation: options.nodesPerAllocation ?? 1,
    } as const;
    const pools = Math.max(...maps.map(({ pool }) => pool ?? 1));
    this.core = new Core({
      plan: planOf(...maps.map(({ step }, at) => freeMap(`map${at}`, step))),
      epoch: options.epoch ?? 1,
      pools: [{ kind: 'local' }, ...Array.from({ length: pools }, () => slurm)],
      poolOf: (step) => maps[step]?.pool ?? 1,
      needsOf: (step) => {
        const { cpus = 1, memoryMib = 0, gpus = 0, timeMs = 0 } = maps[step] as MapOptions;
        return { cpus, memoryMib, gpus, timeMs };
      },
      maxRunning: 0,
    });
  }

  /** The maps' elements and the site are known; gives what is asked for at once. */
  begin(): this {
    this.apply({ kind: 'tick' });
    for (const [step, { total }] of this.maps.entries()) this.apply({ kind: 'step-prepared', step, total });
    this.apply({ kind: 'site-known', site: this.#site() });
    return this;
  }

  #site(): Extract<Event, { kind: 'site-known' }>['site'] {
    return {
      nodes: this.#nodes.map((facts, at) => node(`n${at + 1}`, facts)),
      partitions: [partition('debug')],
      maxArraySize: 1001,
    };
  }

  /** The event, and a tick after it, as in a batch of the coordinator. */
  apply(event: Event): Effect[] {
    const effects = [...this.core.apply(event, this.nowMs), ...this.core.apply({ kind: 'tick' }, this.nowMs)];
    this.core.checkInvariants();
    this.effects.push(...effects);
    return effects;
  }

  /** Time passes, with a tick whenever core asks for one. */
  pass(ms: number): Effect[] {
    const until = this.nowMs + ms;
    const effects: Effect[] = [];
    for (let wake = this.core.nextWakeMs(); wake !== undefined && wake <= until; wake = this.core.nextWakeMs()) {
      this.nowMs = Math.max(this.nowMs + 1, wake);
      effects.push(...this.apply({ kind: 'tick' }));
    }
    this.nowMs = until;
    return [...effects, ...this.apply({ kind: 'tick' })];
  }

  all<Kind extends Effect['kind']>(kind: Kind, among: readonly Effect[] = this.effects): Of<Kind>[] {
    return among.filter((effect): effect is Of<Kind> => effect.kind === kind);
  }

  /** Ids of the allocations asked for, call by call. */
  get asked(): string[][] {
    return this.all('allocate').map(({ allocations }) => allocations);
  }

  get notices(): string[] {
    return this.all('notice').map(({ text }) => text);
  }

  /** Those that Slurm is asked to end. */
  get ended(): string[] {
    return this.all('end-allocations').flatMap(({ allocations }) => allocations);
  }

  submitted(...ids: string[]): Effect[] {
    return this.apply({ kind: 'allocations-submitted', allocations: ids.map((id) => ({ id, job: `job-${id}` })) });
  }

  refused(ids: string[], why: 'size' | 'limit' | 'invalid', othersOfOurs = false): Effect[] {
    return this.apply({ kind: 'allocations-refused', allocations: ids, why, message: `Slurm says ${why}`, othersOfOurs });
  }

  waits(id: string, kind: Waiting['kind']): Effect[] {
    const waiting = { kind, reason: 'Reason', text: 'what it means', expectedStartMs: null };
    return this.apply({ kind: 'allocation-waits', allocation: id, waiting });
  }

  runs(id: string, more: { node?: string; endsAtMs?: number } = {}): Effect[] {
    return this.apply({ kind: 'allocation-running', allocation: id, ...more });
  }

  ends(id: string, cause: Cause = 'agent-lost', detail = 'it ended', node?: string): Effect[] {
    return this.apply({ kind: 'allocation-ended', allocation: id, cause, detail, ...(node && { node }) });
  }

  /** Submitted, running, and its agent connected; gives the session. */
  connect(allocation: string, agent: Partial<AgentInfo> = {}): number {
    if (allocation !== '') {
      this.submitted(allocation);
      this.runs(allocation);
    }
    return this.hello(allocation, agent);
  }

  hello(allocation: string, agent: Partial<AgentInfo> = {}, held: Lease[] = [], running = held): number {
    const session = ++this.#sessions;
    const info = {
      id: `agent-${allocation}`,
      allocation,
      host: 'h',
      pid: 1,
      cpus: 8,
      memoryMib: 16_000,
      gpus: 0,
      job: '',
      version: '1',
    };
    this.apply({
      kind: 'agent-connected',
      session,
      agent: { ...info, ...agent },
      held,
      running,
      finished: [],
      finishedIn: [],
    });
    return session;
  }

  /** Units leased over a session and not settled through `succeed`. */
  held(session: number): Lease[] {
    return this.all('lease')
      .filter((lease) => lease.session === session)
      .flatMap(({ step, index, firstN }) => index.map((each, at) => ({ step, index: each, epoch: 1, n: firstN + at })));
  }

  #seqs = new Map<number, number>();

  succeed(session: number, leases: Lease[]): Effect[] {
    const seq = (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, seq);
    const none = leases.map(() => 0);
    const by = (step: number): Lease[] => leases.filter((lease) => lease.step === step);
    const succeeded = [...new Set(leases.map(({ step }) => step))].map((step) => ({
      step,
      epoch: 1,
      n: by(step).map(({ n }) => n),
      index: by(step).map(({ index }) => index),
      startedAtMs: none,
      durationMs: none,
      output: by(step).map(() => '[{}]'),
    }));
    return this.apply({ kind: 'report', session, seq, succeeded, failed: [], returned: [] });
  }

  fail(session: number, leases: Lease[], failure: Failure): Effect[] {
    const seq = (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, seq);
    const failed = leases.map((lease) => ({ lease, startedAtMs: 0, durationMs: 0, failure, cancelled: false }));
    return this.apply({ kind: 'report', session, seq, succeeded: [], failed, returned: [] });
  }

  disconnect(session: number, heardAtMs = this.nowMs): Effect[] {
    return this.apply({ kind: 'agent-disconnected', session, heardAtMs });
  }

  /** The failure of a step's end, if it has failed. */
  failureOf(step: number): string | undefined {
    return this.all('store-step').find((effect) => effect.step === step && effect.state === 'failed')?.failure?.message;
  }
}

function freeMap(id: string, step: Partial<MapStep> = {}): MapStep {
  return mapStep(id, 'nothing', {
    after: [],
    inputs: [{ name: 'items', source: { kind: 'bound', value: '[]' } }],
    ...step,
  });
}
