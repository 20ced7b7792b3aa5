// Where a unit runs: what a process beside it gets of its surroundings.
import { performance } from 'node:perf_hooks';
import { cpuVariableNames } from '../cpus/cpu-variables.ts';
import type { TaskHost } from '../hosts/task-host.ts';

export interface UnitPlace {
  /** As the unit's own children get it, but for what its code has changed. */
  environment: Record<string, string | undefined>;
  workdir: string;
  /** Null: it is bound to none in particular. */
  cpus: readonly number[] | null;
  /** Whether the unit still runs. */
  isThere(): boolean;
}

/** Undefined: it runs in none of `hosts`. */
export function placeOf(hosts: Iterable<TaskHost>, { step, index }: { step: number; index: number }): UnitPlace | undefined {
  for (const host of hosts) {
    const unit = host.running(performance.now())?.unit;
    if (unit?.step.ordinal !== step || unit.index !== index) continue;
    const { environment: found, workdir } = host.surroundings;
    const environment: UnitPlace['environment'] = {};
    for (const [name, value] of Object.entries(found)) environment[name] = value ?? undefined;
    for (const name of cpuVariableNames(environment)) environment[name] = String(unit.step.info.cpus);
    return { environment, workdir, cpus: host.cpus, isThere: () => host.running(performance.now())?.unit === unit };
  }
  return undefined;
}
