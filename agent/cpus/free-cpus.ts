// The CPUs of an agent that no unit owns, by core. No core is split between two units of two or more CPUs: they would compute
// at half the speed that was counted on. Units of one CPU fill what is left of a core. Pure.
import { assert } from '../../src/base/assert.ts';

interface Core {
  /** Threads, ascending. */
  readonly cpus: readonly number[];
  readonly free: Set<number>;
  /** A unit of two or more CPUs has some of it. */
  isOfWide: boolean;
}

export class FreeCpus {
  readonly #cores: readonly Core[];
  readonly #coreOf = new Map<number, Core>();
  /** There are cores of several threads: that enough CPUs are free does not say that they can be taken. */
  readonly #hasThreads: boolean;

  constructor(cores: readonly (readonly number[])[]) {
    this.#cores = cores.map((cpus) => ({ cpus, free: new Set(cpus), isOfWide: false }));
    for (const core of this.#cores) for (const cpu of core.cpus) this.#coreOf.set(cpu, core);
    this.#hasThreads = cores.some((cpus) => cpus.length > 1);
  }

  /** Whether `count` can be taken, of at least as many that are free. */
  canTake(count: number): boolean {
    return !this.#hasThreads || count === 1 || this.#choose(count) !== undefined;
  }

  /** Where it can, CPUs that are `preferred` together (a host is bound to them already). */
  take(count: number, preferred: Iterable<readonly number[]>): readonly number[] {
    const cpus = [...preferred].find((set) => set.length === count && this.#isGood(set)) ?? this.#choose(count);
    assert(cpus !== undefined, `${count} CPUs cannot be taken`);
    for (const cpu of cpus) {
      const core = this.#core(cpu);
      core.free.delete(cpu);
      if (count > 1) core.isOfWide = true;
    }
    return cpus;
  }

  give(cpus: readonly number[]): void {
    for (const cpu of cpus) {
      const core = this.#core(cpu);
      core.free.add(cpu);
      if (cpus.length > 1) core.isOfWide = false;
    }
  }

  #core(cpu: number): Core {
    const core = this.#coreOf.get(cpu);
    assert(core !== undefined, `CPU ${cpu} is not ours`);
    return core;
  }

  /** Whether taking just these would be allowed, and would break no core that need not be broken. */
  #isGood(cpus: readonly number[]): boolean {
    if (!cpus.every((cpu) => this.#coreOf.get(cpu)?.free.has(cpu))) return false;
    if (!this.#hasThreads) return true;
    const cores = cpus.map((cpu) => this.#core(cpu));
    if (cpus.length === 1) return !isWhole(cores[0] as Core) || !this.#cores.some((core) => core.free.size > 0 && !isWhole(core));
    return cores.every((core) => isWhole(core) && core.cpus.every((cpu) => cpus.includes(cpu)));
  }

  #choose(count: number): readonly number[] | undefined {
    const free = this.#cores.filter((core) => core.free.size > 0);
    const whole = free.filter(isWhole);
    const broken = free.filter((core) => !isWhole(core));
    if (count === 1) {
      const [core] = [...broken.filter((it) => it.isOfWide), ...broken];
      return core ? [...core.free].slice(0, 1) : neighbours(whole, 1);
    }
    return neighbours(whole, count) ?? firstOf([...whole, ...broken.filter((core) => !core.isOfWide)], count);
  }
}

function isWhole(core: Core): boolean {
  return core.free.size === core.cpus.length;
}

function firstOf(cores: readonly Core[], count: number): readonly number[] | undefined {
  const cpus = cores.flatMap((core) => [...core.free].sort((a, b) => a - b));
  return cpus.length < count ? undefined : cpus.slice(0, count).sort((a, b) => a - b);
}

/** Of cores that follow each other, from the shortest run that has as many, so that long runs stay whole. */
function neighbours(cores: readonly Core[], count: number): readonly number[] | undefined {
  let best: readonly Core[] | undefined;
  for (let from = 0; from < cores.length; ) {
    let to = from + 1;
    while (to < cores.length && follows(cores[to - 1] as Core, cores[to] as Core)) to++;
    const run = cores.slice(from, to);
    if (firstOf(run, count) !== undefined && (best === undefined || run.length < best.length)) best = run;
    from = to;
  }
  return best && firstOf(best, count);
}

/** Threads are numbered core by core (0 and 1, 2 and 3 …) or all first ones first (0 and 4, 1 and 5 …). */
function follows(core: Core, next: Core): boolean {
  const [a = 0] = core.cpus;
  const [b = 0] = next.cpus;
  return b === a + 1 || b === (core.cpus.at(-1) as number) + 1;
}
