// The hosts that wait for work, and the making of new ones. A host is reused for any step; 60 ms to start one is a thousand units.
import { isDeepStrictEqual } from 'node:util';
import type { Allotment } from '../slots.ts';
import type { HostListener } from './host-listener.ts';
import type { HostProcessOptions } from './host-process.ts';
import { TaskHost } from './task-host.ts';

type HostPoolOptions = Omit<HostProcessOptions, 'cpus' | 'limitMib'>;

export class HostPool {
  readonly #options: HostPoolOptions;
  #environment: NodeJS.ProcessEnv;
  readonly #all = new Set<TaskHost>();
  /** The longest idle first. */
  readonly #idle: TaskHost[] = [];
  #listener: HostListener<TaskHost> | undefined;
  /** Hosts kept idle at most. */
  #keep = 1;
  #onEmpty: (() => void) | undefined;

  constructor(options: HostPoolOptions) {
    this.#options = options;
    this.#environment = options.environment;
  }

  /** That of hosts from now on; those that were started with another and have done nothing go. */
  useEnvironment(environment: NodeJS.ProcessEnv): void {
    if (isDeepStrictEqual(environment, this.#environment)) return;
    this.#environment = environment;
    for (const host of this.#idle.splice(0)) host.leave();
  }

  /** Who is told of the hosts from now on, and how many idle ones are kept. */
  use(listener: HostListener<TaskHost>, keep: number): void {
    this.#listener = listener;
    this.#keep = keep;
  }

  get programs(): HostPoolOptions['programs'] {
    return this.#options.programs;
  }

  get all(): ReadonlySet<TaskHost> {
    return this.#all;
  }

  /** No host is started, or given work, any more. */
  get isStopped(): boolean {
    return this.#onEmpty !== undefined;
  }

  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** Starts one before there is work, if there is none: it loads what it can. */
  startAhead(): void {
    if (this.#idle.length === 0) this.#idle.push(this.#start(null, 0));
  }

  /** Ends all hosts, running or not; resolves when they are gone. */
  async stop(): Promise<void> {
    const gone = Promise.withResolvers<void>();
    this.#onEmpty = () => gone.resolve();
    // One that has not begun has nothing to put in order, and may be busy loading.
    for (const host of this.#all) host.size > 0 || !host.hasBegun ? host.kill() : host.leave();
    if (this.#all.size > 0) await gone.promise;
  }

  /** The CPUs that idle hosts are bound to: work on those needs no rebinding. */
  *idleCpus(): Iterable<readonly number[]> {
    for (const host of this.#idle.toReversed()) if (host.cpus !== null) yield host.cpus;
  }

  /** A host for the allotment: one that is bound to it, else one that can be, else a new one. */
  take(allotment: Allotment, fresh: boolean): TaskHost {
    const host = this.#takeIdle(allotment, fresh) ?? this.#start(allotment.cpus, allotment.need.limitMib);
    if (allotment.gpus !== null) host.useGpus(allotment.gpus);
    return host;
  }

  #takeIdle({ need, cpus, gpus }: Allotment, fresh: boolean): TaskHost | undefined {
    const usable = this.#idle.filter((host) => host.isFor(need.limitMib, gpus) && (!fresh || host.isUnused));
    const host = usable.findLast((idle) => sameCpus(idle.cpus, cpus)) ?? usable.at(-1);
    if (host === undefined) return undefined;
    this.#idle.splice(this.#idle.indexOf(host), 1);
    if (cpus !== null && !sameCpus(host.cpus, cpus)) host.rebind(cpus, this.#options.programs);
    return host;
  }

  /** It has nothing to do any more. */
  putBack(host: TaskHost): void {
    if (!host.isUsable) return;
    this.#idle.push(host);
    if (this.#idle.length > this.#keep) this.#idle.shift()?.leave();
  }

  #onGone(host: TaskHost): void {
    this.#all.delete(host);
    const at = this.#idle.indexOf(host);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#all.size === 0) this.#onEmpty?.();
  }

  #start(cpus: readonly number[] | null, limitMib: number): TaskHost {
    const host: TaskHost = new TaskHost(
      { ...this.#options, environment: this.#environment, cpus, limitMib },
      () => this.#listener,
      () => this.#onGone(host),
    );
    this.#all.add(host);
    return host;
  }
}

function sameCpus(a: readonly number[] | null, b: readonly number[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((cpu, at) => cpu === b[at]);
}
