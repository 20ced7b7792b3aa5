// What a plan would ask of Slurm, for people. Pure.
import type { Directive } from '../../src/plan/slurm.ts';
import { memoryText, timeText } from '../../src/plan/slurm-values.ts';
import { count, counted, pad, widest } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import type { PlannedPool, PlannedStep, PlannedTime, SlurmPlan } from './slurm-plan.ts';

/** Columns that the call to sbatch is broken at. */
const WIDTH = 110;

const SOURCES: Readonly<Record<Directive['source'], string>> = {
  flag: '--sbatch',
  pipeline: 'the pipeline',
  environment: "the environment's SBATCH_*",
  config: 'outflow.config',
};

/** The lines below the tree: a block for each set of allocations. */
export function slurmLines({ pools }: SlurmPlan, paint: Paint): string[] {
  const shown = new Set<string>();
  return pools.flatMap((pool) => ['', ...poolLines(pool, paint), ...callsLines(pool, shown, paint)]);
}

export function slurmWarnings({ unasked, pools }: SlurmPlan): string[] {
  const asked =
    unasked === null ? [] : [`Slurm did not say what nodes it has, so that shapes of allocations are not known: ${unasked}`];
  const ofSteps = pools.flatMap(({ steps }) => steps.flatMap(({ step, warnings }) => warnings.map((text) => `${step}: ${text}`)));
  return [...asked, ...ofSteps];
}

type Row = [name: string, value: string, note?: string];

function poolLines(pool: PlannedPool, paint: Paint): string[] {
  const names = pool.steps.map(({ step }) => step).join(', ');
  const rows = [...directiveRows(pool), ...prologueRows(pool)];
  const lines = [`${paint('bold', 'Slurm')}  allocations for ${names}`];
  for (const step of pool.steps) lines.push(...rowLines(stepRows(step, pool.steps.length > 1, pool.time), paint));
  lines.push(...rowLines(rows, paint));
  return lines;
}

/** The calls, and the script that all of them submit, unless it has been shown for an earlier pool. */
function callsLines({ steps, script }: PlannedPool, shown: Set<string>, paint: Paint): string[] {
  const calls = new Set(steps.flatMap(({ sbatch }) => (sbatch === null ? [] : [callLines(sbatch).join('\n')])));
  const lines = [...calls].flatMap((call) => ['', ...call.split('\n').map((line) => `  ${line}`)]);
  if (script === null || calls.size === 0) return lines;
  const scriptLines = shown.has(script) ? ['the same script'] : script.trimEnd().split('\n');
  shown.add(script);
  return [...lines, ...scriptLines.map((line) => `    ${paint('dim', line)}`)];
}

function rowLines(rows: readonly Row[], paint: Paint): string[] {
  const names = Math.max(11, widest(rows.map(([name]) => name)));
  const values = widest(rows.filter(([, , note]) => note !== undefined).map(([, value]) => value));
  return rows.map(([name, value, note]) =>
    `  ${paint('dim', pad(name, names))}  ${note === undefined ? value : `${pad(value, values)}  ${paint('dim', note)}`}`.trimEnd(),
  );
}

function stepRows(planned: PlannedStep, isNamed: boolean, time: PlannedTime | null): Row[] {
  const { step, allocations, impossible, needs, start } = planned;
  const rows: Row[] = isNamed ? [['step', step]] : [];
  if (impossible !== null) return [...rows, ['allocations', `none: ${impossible.message}`]];
  if (allocations === null) return [...rows, ['a unit', needsText(planned)]];
  rows.push(['allocations', allocationsText(planned)], ['', allocations.shape.why]);
  if (needs.memoryMib > 0) rows.push(['memory', memoryLine(planned)]);
  rows.push(['CPU-hours', cpuHoursText(planned, time)]);
  if (start !== undefined)
    rows.push(['start', (start.ok ? start.text : `Slurm would refuse it: ${start.text}`).replaceAll('\n', '; ')]);
  return rows;
}

/** `2 of 8 CPUs, 4.2G on 1 node, for 12 units`. */
function allocationsText({ allocations, units, knownAfter }: PlannedStep): string {
  if (allocations === null) return 'not known';
  const { count: amount, atMost, shape } = allocations;
  const size = [
    counted(shape.cpus, 'CPU'),
    ...(shape.memoryMib === null ? [] : [memoryText(shape.memoryMib)]),
    ...(shape.gpus === 0 ? [] : [counted(shape.gpus, 'GPU')]),
  ].join(', ');
  const nodes = shape.nodes === 1 ? '' : ` on each of ${shape.nodes} nodes`;
  const work = units === null ? `as the units need, which are known after ${knownAfter}` : `for ${counted(units, 'unit')}`;
  return `${atMost ? 'at most ' : ''}${count(amount)} of ${size}${nodes}, ${work}`;
}

function needsText({ needs }: PlannedStep): string {
  return [
    counted(needs.cpus, 'CPU'),
    ...(needs.memoryMib === 0 ? [] : [memoryText(needs.memoryMib)]),
    ...(needs.gpus === 0 ? [] : [counted(needs.gpus, 'GPU')]),
  ].join(', ');
}

function memoryLine({ needs, allocations }: PlannedStep): string {
  const atOnce = allocations?.shape.unitsPerNode ?? 1;
  return `${memoryText(needs.memoryMib)} a unit, ${memoryText(needs.memoryMib * atOnce)} for ${counted(atOnce, 'unit')} at once on a node`;
}

function cpuHoursText({ cpuHours, allocations: asked }: PlannedStep, time: PlannedTime | null): string {
  if (cpuHours === null || asked === null) return 'not known';
  const { allocations, units } = cpuHours;
  const ofUnits = units === null ? '' : `; the units alone at most ${hours(units)}`;
  if (allocations === null || time?.minutes == null) return `without limit: the allocations have no time limit${ofUnits}`;
  const nodes = asked.shape.nodes === 1 ? '' : ` × ${asked.shape.nodes} nodes`;
  const factors = `${count(asked.count)}${nodes} × ${counted(asked.shape.cpus, 'CPU')} × ${timeText(time.minutes)}`;
  return `at most ${hours(allocations)} (${factors})${ofUnits}`;
}

function hours(value: number): string {
  return value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(2)));
}

function directiveRows({ directives, time, defaultPartition }: PlannedPool): Row[] {
  const rows: Row[] = directives.map(({ name, value, source }) => [
    name,
    value === true ? 'yes' : String(value),
    SOURCES[source],
  ]);
  if (defaultPartition !== null) rows.push(['partition', defaultPartition, "the site's default"]);
  if (time?.source === 'partition')
    rows.push(['time', timeText(time.minutes ?? Number.POSITIVE_INFINITY), "the partition's default: nobody has set one"]);
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

function prologueRows({ prologue }: PlannedPool): Row[] {
  return prologue.map((line, at) => [at === 0 ? 'prologue' : '', line]);
}

/** The call as one may type it, broken into lines. */
function callLines(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words.map(quoted)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? `$ ${word}` : `    ${word}`);
  }
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
