// Brings waiting units to hosts. A lane is a host with what its running unit owns; it is fed units of the same need, one
// after the other, until there are none or an older, wider unit must have its turn.
import { availableParallelism } from 'node:os';
import { LIMITS } from '../src/model/limits.ts';
import type { Failure } from '../src/model/states.ts';
import { hostDepth } from './demand.ts';
import type { HostPool } from './hosts/host-pool.ts';
import type { TaskHost } from './hosts/task-host.ts';
import { type Allotment, isSameNeed, type Slots } from './slots.ts';
import type { Tunnels } from './tunnels/tunnels.ts';
import type { AgentStep, Unit } from './units.ts';
import { WaitingUnits } from './waiting-units.ts';
import type { BeginMessage } from './wire/messages.ts';

/**
 * Three for each CPU of this process's affinity mask (Slurm may grant more than a node really has): a start also waits, and with
 * fewer the last of some hosts starts alone when the others are ready.
 */
const HOSTS_STARTING = 3 * availableParallelism();
/** What it costs to start a host. */
const HOST_START_MS = 80;

interface Lane {
  readonly host: TaskHost;
  readonly allotment: Allotment;
  /** One unit, then the host goes. */
  readonly isolated: boolean;
}

export interface DispatcherOptions {
  slots: Slots;
  pool: HostPool;
  /** Before units are handed out: those that are too late are given back. */
  beforeDispatch(): void;
  /** No unit can run: hosts do not start, or the pipeline cannot be set up there. */
  onCannotRun(unit: Unit, failure: Failure): void;
}

export class Dispatcher {
  readonly waiting: WaitingUnits<Unit>;
  readonly #options: DispatcherOptions;
  readonly #lanes = new Map<TaskHost, Lane>();
  #begin: BeginMessage | undefined;
  #tunnels: Tunnels | undefined;
  #maxLanes = Number.POSITIVE_INFINITY;
  /** Hosts in a row that ended before they could run a unit. */
  #startFailures = 0;
  #isScheduled = false;
  #hasGiven = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.waiting = new WaitingUnits(2 * options.slots.total);
  }

  /** Units may run from now on. `tunnels`: by which they reach their databases, if not directly. */
  begin(message: BeginMessage, maxRunning: number, tunnels?: Tunnels): void {
    this.#begin = message;
    this.#tunnels = tunnels;
    if (maxRunning > 0) this.#maxLanes = maxRunning;
    // Where there are GPUs, a host must know its own before the user's code is loaded.
    if (!this.#options.slots.hasGpus) for (const host of this.#options.pool.all) this.#beginHost(host);
    this.schedule();
  }

  get lanes(): Iterable<TaskHost> {
    return this.#lanes.keys();
  }

  /** Each lane's unit that runs, and for how long it has been seen to. */
  *running(nowMs: number): Iterable<{ host: TaskHost; unit: Unit; forMs: number }> {
    for (const host of this.#lanes.keys()) {
      const running = host.running(nowMs);
      if (running) yield { host, ...running };
    }
  }

  /** Some unit was given to a host. */
  get hasGiven(): boolean {
    return this.#hasGiven;
  }

  get slotsUsed(): number {
    return this.#options.slots.total - this.#options.slots.free;
  }

  /** Lanes that units of the step may have at once. */
  lanesFor(step: AgentStep): number {
    return Math.min(this.#options.slots.countOf(step.need), this.#maxLanes);
  }

  /** Looks for work to hand out, once for all that happens in this turn of the event loop. */
  schedule(): void {
    if (this.#isScheduled || this.#begin === undefined) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  onGone(host: TaskHost, startFailure: { failure: Failure; isFinal: boolean } | null): void {
    const lane = this.#lanes.get(host);
    if (lane) this.#close(lane);
    if (startFailure === null) this.#startFailures = 0;
    else this.#onStartFailure(startFailure, lane !== undefined);
    this.schedule();
  }

  #onStartFailure({ failure, isFinal }: { failure: Failure; isFinal: boolean }, hadWork: boolean): void {
    this.#startFailures += 1;
    if (!isFinal && this.#startFailures < LIMITS.hostStartFailures) return;
    // After some in a row, no more are started for those that wait now.
    let left = this.#startFailures >= LIMITS.hostStartFailures ? this.waiting.size : hadWork ? 1 : 0;
    for (let step = this.waiting.next(any); step !== undefined && left > 0; step = this.waiting.next(any)) {
      for (const unit of this.waiting.take(step, left)) {
        left -= 1;
        this.#options.onCannotRun(unit, failure);
      }
    }
  }

  #dispatch(): void {
    if (this.#options.pool.isStopped) return;
    this.#options.beforeDispatch();
    for (const lane of [...this.#lanes.values()]) {
      if (lane.host.size === 0 && lane.host.isUsable && (lane.isolated || !this.#hasMoreFor(lane))) this.#close(lane);
    }
    for (let step = this.#nextForNewLane(); step !== undefined; step = this.#nextForNewLane()) this.#open(step);
    for (const lane of this.#lanes.values()) this.#feed(lane);
  }

  #nextForNewLane(): AgentStep | undefined {
    if (this.#lanes.size >= this.#maxLanes || this.#startsEnough()) return undefined;
    return this.waiting.next((step) => this.#options.slots.canTake(step.need) && this.#isWorthAHost(step));
  }

  /** Starting a host keeps a CPU busy: many more at once than there are CPUs would only make the first one late. */
  #startsEnough(): boolean {
    let starting = 0;
    for (const { host } of this.#lanes.values()) if (host.isStarting) starting += 1;
    return starting >= HOSTS_STARTING;
  }

  /** Unless the lanes that there are will have done what waits before a new host could begin. */
  #isWorthAHost({ time, info, need }: AgentStep): boolean {
    if (time.meanMs === undefined || info.isolate || this.#options.pool.hasIdle) return true;
    let lanes = 0;
    for (const { allotment, host } of this.#lanes.values()) {
      // One that is kept free runs a long unit: nothing gets by it.
      if (host.isUsable && !host.isKeptFree && isSameNeed(need, allotment.need)) lanes += 1;
    }
    return lanes === 0 || (this.waiting.size * time.meanMs) / lanes > HOST_START_MS;
  }

  #open(step: AgentStep): void {
    const { slots, pool } = this.#options;
    const isolated = step.info.isolate;
    const allotment = slots.take(step.need, pool.idleCpus());
    const host = pool.take(allotment, isolated);
    this.#beginHost(host);
    const lane = { host, allotment, isolated };
    this.#lanes.set(host, lane);
    this.#give(lane, step, 1);
  }

  #beginHost(host: TaskHost): void {
    if (this.#begin !== undefined && !host.hasBegun) host.begin(this.#begin, this.#tunnels);
  }

  #hasMoreFor(lane: Lane): boolean {
    return this.#nextFor(lane) !== undefined;
  }

  #nextFor({ allotment }: Lane): AgentStep | undefined {
    return this.waiting.next((step) => isSameNeed(step.need, allotment.need) && !step.info.isolate);
  }

  /** Tops it up when it has half of what keeps it busy. */
  #feed(lane: Lane): void {
    const { host } = lane;
    if (lane.isolated || !host.isUsable || (host.isKeptFree && host.size > 0)) return;
    for (let step = this.#nextFor(lane); step !== undefined; step = this.#nextFor(lane)) {
      const depth = Math.min(
        hostDepth(step.time, LIMITS.batchUnits),
        Math.ceil((this.waiting.size + host.size) / (2 * this.#lanes.size)),
      );
      if (host.size * 2 > depth || host.size >= depth) return;
      if (this.#give(lane, step, depth - host.size) === 0) return;
    }
  }

  #give({ host }: Lane, step: AgentStep, max: number): number {
    const units = this.waiting.take(step, max);
    this.#hasGiven = true;
    if (units.length > 0) host.give(step, units, step.info.shared);
    return units.length;
  }

  #close({ host, allotment, isolated }: Lane): void {
    this.#lanes.delete(host);
    this.#options.slots.give(allotment);
    if (isolated) host.leave();
    else this.#options.pool.putBack(host);
  }
}

function any(): boolean {
  return true;
}
