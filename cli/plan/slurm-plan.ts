// What a plan would ask of Slurm: by pool, for each step the allocations, their most CPU-hours, the call and the script. Pure.
import { poolsOf } from '../../src/coordinator/pools.ts';
import { jobName } from '../../src/coordinator/slurm/job.ts';
import { partitionsOf } from '../../src/core/eligible-nodes.ts';
import { shapeFor } from '../../src/core/shape.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import type { Directive, PartitionFacts, Shape, SiteFacts, SlurmSettings, UnitNeeds } from '../../src/plan/slurm.ts';
import { timeMinutes, timeText } from '../../src/plan/slurm-values.ts';
import { unitNeeds } from '../../src/plan/unit-needs.ts';
import { type JobRequest, sbatchArguments, scriptOf } from '../../src/provider/slurm/index.ts';
import { elementCount, knownAfter } from './element-count.ts';

export interface SlurmPlan {
  /** Why Slurm was not asked: then nothing is known of allocations. */
  unasked: string | null;
  maxAllocations: number;
  pools: PlannedPool[];
}

/** Steps that share allocations. */
export interface PlannedPool {
  directives: readonly Directive[];
  /** Partitions that Slurm takes where none is said. */
  defaultPartition: string | null;
  time: PlannedTime | null;
  prologue: string[];
  script: string | null;
  steps: PlannedStep[];
}

export interface PlannedTime {
  /** Null: no limit. */
  minutes: number | null;
  /** `partition`: nobody has said a time. */
  source: Directive['source'] | 'partition';
}

export interface PlannedStep {
  step: string;
  /** Null: not known before the run. */
  units: number | null;
  /** The steps after which they are known. */
  knownAfter: string | null;
  needs: UnitNeeds;
  /** `count`: at a time; `atMost`: as many as the units will need, up to it. */
  allocations: { count: number; atMost: boolean; shape: Shape } | null;
  impossible: { message: string; hint: string } | null;
  warnings: string[];
  cpuHours: CpuHours | null;
  sbatch: string[] | null;
  /** Slurm's estimate of the start, or why it would refuse; only where it was asked for. */
  start?: { ok: boolean; text: string };
}

export interface CpuHours {
  /** Of the allocations up to their time limit; null: they have none. */
  allocations: number | null;
  /** Of the units, where their number and time are known. */
  units: number | null;
}

export interface SlurmPlaces {
  /** Where `outflow` was called. */
  cwd: string;
  /** For what its jobs print, on a file system that all nodes see. */
  outputDir: string;
  /** The agent's command without the allocation's id. */
  agent: string[];
}

/** Places of a run that has no name yet. */
export const RUN = 'RUN';

/** Enough to fill any number of allocations. */
const MANY = 1_000_000;

/** `jobs`: what is asked for, for each step with allocations. */
export function slurmPlan(
  plan: Plan,
  settings: SlurmSettings,
  site: SiteFacts | { unasked: string },
  places: SlurmPlaces,
): { planned: SlurmPlan; jobs: Map<PlannedStep, JobRequest> } {
  const facts = 'unasked' in site ? null : site;
  const { specs, prologues, ofStep } = poolsOf(plan, settings);
  const jobs = new Map<PlannedStep, JobRequest>();
  const pools = specs.flatMap((spec, pool) => {
    if (spec.kind !== 'slurm') return [];
    const steps = plan.workflow.steps.filter((_, ordinal) => ofStep[ordinal] === pool);
    const asked = { directives: spec.directives, prologue: prologues[pool] ?? [] };
    return poolOf(steps, asked, { plan, settings, site: facts, places, jobs });
  });
  return {
    planned: { unasked: 'unasked' in site ? site.unasked : null, maxAllocations: settings.maxAllocations, pools },
    jobs,
  };
}

interface Planning {
  plan: Plan;
  settings: SlurmSettings;
  site: SiteFacts | null;
  places: SlurmPlaces;
  jobs: Map<PlannedStep, JobRequest>;
}

function poolOf(steps: Step[], asked: Pick<PlannedPool, 'directives' | 'prologue'>, planning: Planning): PlannedPool {
  const { site, settings, places, jobs } = planning;
  const { directives, prologue } = asked;
  const partitions = site === null ? [] : partitionsOf(site, directives);
  const time = timeOf(directives, partitions);
  const jobOf = (shape: Shape, array: number): JobRequest => ({
    name: jobName(RUN, '1-1'),
    directives: [...directives],
    shape,
    array,
    prologue,
    cwd: places.cwd,
    agent: places.agent,
    ship: settings.ship ?? 'path',
    growth: '1-1',
    outputDir: places.outputDir,
  });
  const planned = steps.map((step) => stepOf(step, planning, { directives, time, partitions, jobOf }));
  const [job] = planned.flatMap((step) => jobs.get(step) ?? []);
  return {
    directives,
    defaultPartition: directives.some(({ name }) => name === 'partition') ? null : (partitions[0]?.name ?? null),
    time,
    prologue,
    script: job === undefined ? null : scriptOf(job),
    steps: planned,
  };
}

interface PoolFacts {
  directives: readonly Directive[];
  time: PlannedTime | null;
  partitions: PartitionFacts[];
  jobOf: (shape: Shape, array: number) => JobRequest;
}

function stepOf(step: Step, { plan, settings, site, jobs }: Planning, pool: PoolFacts): PlannedStep {
  const { directives, time, partitions, jobOf } = pool;
  const units = step.kind === 'map' ? (elementCount(step) ?? null) : 1;
  const needs = unitNeeds(step);
  const planned: PlannedStep = {
    step: step.id,
    units,
    knownAfter: step.kind === 'map' && units === null ? knownAfter(step, plan.workflow) : null,
    needs,
    allocations: null,
    impossible: null,
    warnings: timeWarnings(needs, time, partitions),
    cpuHours: null,
    sbatch: null,
  };
  if (site === null || units === 0) return planned;
  const atOnce = step.kind === 'map' ? (step.simultaneousTasks ?? MANY) : 1;
  const { nodesPerAllocation, maxAllocations } = settings;
  const answer = shapeFor({
    needs,
    directives,
    site,
    unitsLeft: Math.min(units ?? MANY, atOnce),
    nodesPerAllocation,
    sizeStep: 0,
  });
  if (answer.kind === 'impossible') return { ...planned, impossible: { message: answer.message, hint: answer.hint } };
  const { shape, array, warnings } = answer;
  const count = Math.min(array, maxAllocations, site.maxArraySize);
  const job = jobOf(shape, count);
  const withAllocations: PlannedStep = {
    ...planned,
    allocations: { count, atMost: units === null && count > 1, shape },
    warnings: [...planned.warnings, ...warnings],
    cpuHours: cpuHoursOf(count, shape, time, units, needs),
    sbatch: ['sbatch', '--parsable', ...sbatchArguments(job)],
  };
  jobs.set(withAllocations, job);
  return withAllocations;
}

/** What is said, else the partition's default, else the most that it allows. Null: not known. */
function timeOf(directives: readonly Directive[], partitions: readonly PartitionFacts[]): PlannedTime | null {
  const said = directives.find(({ name }) => name === 'time');
  const minutes = said && timeMinutes(said.value);
  if (said && minutes !== undefined) return { minutes: Number.isFinite(minutes) ? minutes : null, source: said.source };
  const [partition] = partitions;
  if (partition === undefined) return null;
  return { minutes: partition.defaultTimeMinutes ?? partition.maxTimeMinutes, source: 'partition' };
}

function timeWarnings(needs: UnitNeeds, time: PlannedTime | null, partitions: readonly PartitionFacts[]): string[] {
  if (time === null) return [];
  const warnings: string[] = [];
  const most = partitions.map(({ maxTimeMinutes }) => maxTimeMinutes ?? Number.POSITIVE_INFINITY);
  const minutes = time.minutes ?? Number.POSITIVE_INFINITY;
  if (time.source !== 'partition' && most.length > 0 && minutes > Math.max(...most)) {
    const names = partitions.map(({ name }) => name).join(', ');
    warnings.push(
      `time=${timeText(minutes)} is more than partition ${names} allows (${timeText(Math.max(...most))}): no allocation would start`,
    );
  }
  if (needs.timeMs > minutes * 60_000)
    warnings.push(`timePerTask is more than an allocation's time (${timeText(minutes)}): no unit can end in one`);
  return warnings;
}

function cpuHoursOf(count: number, shape: Shape, time: PlannedTime | null, units: number | null, needs: UnitNeeds): CpuHours {
  const minutes = time?.minutes ?? null;
  return {
    allocations: minutes === null ? null : (count * shape.nodes * shape.cpus * minutes) / 60,
    units: units === null || needs.timeMs === 0 ? null : (units * needs.cpus * needs.timeMs) / 3_600_000,
  };
}
