// Runs of test/fixtures/slurm/pipeline.ts on the virtual cluster: how they ended, and what their units saw.
import path from 'node:path';
import { expect } from 'vitest';
import type { Outcome } from '../../cli/watch/outcome.ts';
import { type Job, type SlurmWorld, squeue } from './slurm.ts';
import { until } from './until.ts';

/** Where a unit ran, when, and on what. */
export interface Sight {
  number: number;
  host: string;
  job: string;
  partition: string;
  startMs: number;
  endMs: number;
  /** By the context, by Node, by OMP_NUM_THREADS, by SLURM_CPUS_PER_TASK. */
  cpus: number[];
  /** Those that it may run on: `0-3`. */
  mask: string;
  gpus: string;
}

export const onSlurm = (world: SlurmWorld): string[] => [
  '--backend',
  'slurm',
  '--pipeline',
  path.join(world.clone, 'test/fixtures/slurm/pipeline.ts'),
];

/** Runs a command to its end, which must be a success; gives the run and what `output` of each step holds, unit by unit. */
export async function succeed<T = Sight>(
  world: SlurmWorld,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ run: string; units: T[]; outputs: Record<string, T[]> }> {
  const { stdout, stderr } = await world.run(['run', ...args, ...onSlurm(world), '--json'], { env });
  const { run, ...outcome } = JSON.parse(stdout) as Outcome;
  expect({ outcome, stderr }).toMatchObject({ outcome: { state: 'succeeded' } });
  return { run, ...(await resultsOf<T>(world, run)) };
}

export async function resultsOf<T = Sight>(
  world: SlurmWorld,
  run: string,
): Promise<{ units: T[]; outputs: Record<string, T[]> }> {
  const { results } = await world.json<{ results: Record<string, Record<string, unknown>> }>(['results', run]);
  const outputs: Record<string, T[]> = {};
  for (const named of Object.values(results)) {
    for (const [name, units] of Object.entries(named)) outputs[name] = (units as T[][]).map((unit) => only(unit[0] as T));
  }
  return { outputs, units: Object.values(outputs).flat() };
}

/** A unit of one output: what that is. */
function only<T>(outputs: T): T {
  const values = Object.values(outputs as Record<string, T>);
  return values.length === 1 ? (values[0] as T) : outputs;
}

export async function submit(world: SlurmWorld, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await world.run(['submit', ...args, ...onSlurm(world), '--json'], { env });
  expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringContaining('"run"') });
  return (JSON.parse(stdout) as { run: string }).run;
}

/** Waits until the run has ended, and gives how. */
export async function ended(world: SlurmWorld, run: string): Promise<Outcome> {
  return await until(async () => {
    const status = await world.json<Outcome & { endedAt: string | null }>(['status', run]);
    return status.endedAt !== null && status;
  });
}

/** All jobs of a run, those that have ended too. */
export async function jobsOf(run: string): Promise<Job[]> {
  return (await squeue()).filter(({ name }) => name.startsWith(`outflow-${run}-`));
}

/** Those that have not ended; what completes is Slurm's affair. */
export async function jobsLeft(run: string): Promise<Job[]> {
  return (await jobsOf(run)).filter(({ state }) => /PENDING|RUNNING|CONFIGURING|SUSPENDED/.test(state));
}

/** The most that was in use at once: of what each unit has while it runs. */
export function peak(units: readonly Sight[], of: (unit: Sight) => number): number {
  const changes = units.flatMap((unit) => [
    { atMs: unit.startMs, by: of(unit) },
    { atMs: unit.endMs, by: -of(unit) },
  ]);
  // At one time, what ends comes first: its CPUs may have gone to what begins.
  changes.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let [now, most] = [0, 0];
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

export function byHost(units: readonly Sight[]): Map<string, Sight[]> {
  return Map.groupBy(units, ({ host }) => host);
}
