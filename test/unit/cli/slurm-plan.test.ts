// What a plan would ask of Slurm, as data and as people read it.
import { expect, test } from 'vitest';
import { slurmSettings } from '../../../cli/pipeline/slurm-settings.ts';
import { refuseImpossible } from '../../../cli/plan/ask-slurm.ts';
import { slurmLines, slurmWarnings } from '../../../cli/plan/render-slurm.ts';
import { slurmPlan } from '../../../cli/plan/slurm-plan.ts';
import { plain } from '../../../cli/text/style.ts';
import type { Step } from '../../../src/plan/plan.ts';
import type { SiteFacts, SlurmSettings } from '../../../src/plan/slurm.ts';
import { mapStep, planOf, taskStep } from '../../support/plans.ts';
import { node, partition } from '../../support/site.ts';

const site: SiteFacts = {
  nodes: ['n1', 'n2'].map((name) => node(name, { partitions: ['debug', 'long'] })),
  partitions: [partition('debug', { defaultTimeMinutes: 10, maxTimeMinutes: 60 }), partition('long')],
  maxArraySize: 1001,
};
const settings = (changes: Partial<SlurmSettings>): SlurmSettings => ({
  ...(slurmSettings(
    { backend: 'slurm', why: 'flag' },
    { flags: {}, config: { databases: {} }, environment: {} },
  ) as SlurmSettings),
  ...changes,
});
const places = {
  cwd: '/home/me/my project',
  outputDir: '/home/me/runs/RUN/jobs',
  agent: ['/opt/node', 'outflow.cjs', 'agent', '--allocation'],
};
const items = (n: number) => ({
  after: [],
  inputs: [{ name: 'items', source: { kind: 'bound' as const, value: JSON.stringify(Array.from({ length: n }, () => 1)) } }],
});
const planned = (steps: Step[], changes: Partial<SlurmSettings> = {}, facts: SiteFacts | { unasked: string } = site) =>
  slurmPlan(planOf(...steps), settings(changes), facts, places).planned;

test('a map whose units are known: shape, CPU-hours, who said what, the call, the script', () => {
  const map = mapStep('map', 'List', {
    ...items(12),
    cpusPerTask: 2,
    memPerTaskMib: 1024,
    timePerTaskMs: 300_000,
    sbatch: { time: '0:30:00', comment: "it's" },
  });
  const lines = slurmLines(planned([map], { flag: { exclude: 'n9' }, prologue: ['module load gcc'] }), plain);
  expect(lines).toEqual([
    '',
    'Slurm  allocations for map',
    expect.stringMatching(/^ {2}allocations {2}3 of 8 CPUs, \S+, for 12 units$/),
    '               4 units of 2 CPUs, 1G fit the most common node of debug (8 CPUs, 16000 MiB)',
    '  memory       1G a unit, 4G for 4 units at once on a node',
    '  CPU-hours    at most 12 (3 × 8 CPUs × 0:30:00); the units alone at most 2',
    "  comment      it's     the pipeline",
    '  exclude      n9       --sbatch',
    "  partition    debug    the site's default",
    '  time         0:30:00  the pipeline',
    '  prologue     module load gcc',
    '',
    expect.stringMatching(/^ {2}\$ sbatch --parsable '--comment=it'\\''s' --time=0:30:00 .* \\$/),
    ...Array.from({ length: lines.length - 13 }, () => expect.any(String)),
  ]);
  const text = lines.join('\n');
  expect(text).toContain('--array=0-2');
  expect(text).toContain('--output=/home/me/runs/RUN/jobs/slurm-outflow-RUN-1-1.%a.out');
  expect(text).toContain("    cd '/home/me/my project' || {");
  expect(text).toContain('    module load gcc');
  expect(text).toContain('/opt/node outflow.cjs agent --allocation 1-1."$SLURM_ARRAY_TASK_ID"');
});

test('a map whose units are not known yet: as many as they will need', () => {
  const plan = planned([taskStep('List'), mapStep('map', 'List')], { maxAllocations: 4 });
  const [{ steps } = { steps: [] }] = plan.pools;
  expect(steps[0]).toMatchObject({ units: null, knownAfter: 'List', allocations: { count: 4, atMost: true } });
  expect(slurmLines(plan, plain)).toContain('  allocations  at most 4 of 8 CPUs, as the units need, which are known after List');
  expect(slurmLines(plan, plain)).toContain('  CPU-hours    at most 5.3 (4 × 8 CPUs × 0:10:00)');
  expect(slurmLines(plan, plain)).toContain("  time         0:10:00  the partition's default: nobody has set one");
});

test('simultaneousTasks and single units ask for no more than can run', () => {
  const map = mapStep('map', 'List', { ...items(100), simultaneousTasks: 3 });
  const far = taskStep('Far', { options: { retries: { max: 0, delayMs: 0 }, isolate: false, runOn: 'allocation' } });
  const { pools } = planned([map, far]);
  expect(pools).toHaveLength(1);
  expect(pools[0]?.steps).toMatchObject([
    { step: 'map', allocations: { count: 1, shape: { cpus: 3 } } },
    { step: 'Far', allocations: { count: 1, shape: { cpus: 1 } } },
  ]);
});

test('steps with other directives are another pool; the script is shown once', () => {
  const plan = planned([mapStep('a', 'List', items(2)), mapStep('b', 'List', { ...items(2), sbatch: { partition: 'long' } })]);
  expect(plan.pools.map(({ steps }) => steps.map(({ step }) => step))).toEqual([['a'], ['b']]);
  const lines = slurmLines(plan, plain);
  expect(lines.filter((line) => line.includes('#!/bin/bash'))).toHaveLength(1);
  expect(lines.at(-1)).toBe('    the same script');
  expect(lines).toContain('  CPU-hours    without limit: the allocations have no time limit');
  expect(lines).toContain("  time         UNLIMITED  the partition's default: nobody has set one");
});

test('what would never start, or not be enough, is warned of', () => {
  const long = mapStep('map', 'List', { ...items(2), timePerTaskMs: 7_200_000, sbatch: { time: '3:00:00' } });
  expect(slurmWarnings(planned([long]))).toEqual([
    'map: time=3:00:00 is more than partition debug allows (1:00:00): no allocation would start',
  ]);
  const short = mapStep('map', 'List', { ...items(2), timePerTaskMs: 7_200_000 });
  expect(slurmWarnings(planned([short]))).toEqual([
    "map: timePerTask is more than an allocation's time (0:10:00): no unit can end in one",
  ]);
  const little = mapStep('map', 'List', { ...items(4), memPerTaskMib: 2048, sbatch: { mem: '4G' } });
  expect(slurmWarnings(planned([little]))).toEqual([expect.stringMatching(/^map: mem=4G is less than its units need/)]);
});

test('a unit that fits no node is an error after the plan', () => {
  const plan = planned([mapStep('map', 'List', { ...items(2), cpusPerTask: 9 })]);
  expect(slurmLines(plan, plain)).toContainEqual(
    expect.stringMatching(/^ {2}allocations {2}none: a unit of 9 CPUs fits no node/),
  );
  expect(() => refuseImpossible(plan)).toThrow(
    expect.objectContaining({ code: 'unit-too-large', message: expect.stringMatching(/^map: a unit of 9 CPUs/) }),
  );
});

test('without an answer of Slurm the plan shows what is known, and says so', () => {
  const map = mapStep('map', 'List', { ...items(2), cpusPerTask: 9, memPerTaskMib: 1024, sbatch: { time: 30 } });
  const plan = planned([map], {}, { unasked: 'there is no scontrol on the PATH' });
  expect(slurmLines(plan, plain)).toEqual([
    '',
    'Slurm  allocations for map',
    '  a unit       9 CPUs, 1G',
    '  time         30  the pipeline',
  ]);
  expect(slurmWarnings(plan)).toEqual([expect.stringContaining('there is no scontrol on the PATH')]);
  expect(() => refuseImpossible(plan)).not.toThrow();
});
