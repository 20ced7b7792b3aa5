// What becomes of chains: steps, their order and names, and where each input comes from.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { input, iterateOn, join, mapTask, task } from '../../../src/index.ts';
import type { MapStep, Step } from '../../../src/plan/plan.ts';
import { Numbers, planOf, planWithFactor, Scale, Show, Square, Sum, Words } from './tasks.ts';

const ids = (steps: readonly Step[]) => steps.map(({ id }) => id);
const sources = (step: Step | undefined) => Object.fromEntries((step?.inputs ?? []).map(({ name, source }) => [name, source]));
const stepOf = (steps: readonly Step[], id: string) => steps.find((step) => step.id === id) as Step;

test('data flows by name from the task piped in', async () => {
  const { plan } = await planOf(() => Numbers().pipe(Sum()).pipe(Show()));
  expect(ids(plan.workflow.steps)).toEqual(['Numbers', 'Sum', 'Show']);
  expect(plan.workflow.terminating).toEqual(['Show']);
  expect(plan.workflow.inputs).toEqual([]);
  expect(stepOf(plan.workflow.steps, 'Sum')).toMatchObject({
    after: ['Numbers'],
    inputs: [{ name: 'numbers', type: 'array of integer', source: { kind: 'step', step: 'Numbers', output: 'numbers' } }],
    outputs: [{ name: 'sum', type: 'integer' }],
  });
});

test('a bound value wins over what is piped in', async () => {
  const { plan } = await planOf(() => Numbers().pipe(Sum({ numbers: [7] })));
  expect(sources(plan.workflow.steps[1])).toEqual({ numbers: { kind: 'bound', value: '[7]' } });
});

test('the second instance of a task gets a number, in the order of creation', async () => {
  const { plan } = await planOf(() => {
    const first = Sum({ numbers: [1] });
    const second = Sum({ numbers: [2] });
    return [second.pipe(Show()), first.pipe(Show())];
  });
  expect(ids(plan.workflow.steps)).toEqual(['Sum', 'Sum-2', 'Show', 'Show-2']);
  expect(plan.workflow.terminating).toEqual(['Show', 'Show-2']);
  expect(stepOf(plan.workflow.steps, 'Show').after).toEqual(['Sum-2']);
});

test('one instance piped into several is one step', async () => {
  const { plan } = await planOf(() => {
    const numbers = Numbers();
    return [numbers.pipe(Sum()), numbers.pipe(Sum())];
  });
  expect(plan.workflow.steps.map(({ id, after }) => [id, after])).toEqual([
    ['Numbers', []],
    ['Sum', ['Numbers']],
    ['Sum-2', ['Numbers']],
  ]);
});

test('what is created outside of a map may be part of its body, at any depth', async () => {
  const { plan } = await planOf(() => {
    const words = Words();
    const inner = mapTask({ outputName: 'inner', generator: () => [{ n: 1 }] }, () => Square());
    return Numbers().pipe(mapTask({ outputName: 'outer' }, () => [Square(), join(words, inner)] as never));
  });
  const outer = stepOf(plan.workflow.steps, 'outer') as MapStep;
  expect(ids(outer.body.steps)).toEqual(['outer/Words', 'outer/inner', 'outer/Square']);
});

const Both = task({ name: 'Both', inputs: { numbers: z.array(z.int()), words: z.array(z.string()) }, run: () => undefined });

test('joined chains feed what follows together', async () => {
  const { plan } = await planOf(() => join(Numbers(), Words()).pipe(Both()));
  expect(stepOf(plan.workflow.steps, 'Both').after).toEqual(['Numbers', 'Words']);
});

test('a chain piped into a joined one reaches all that it begins with', async () => {
  const { plan } = await planOf(() => Numbers().pipe(join(Sum(), Both({ words: [] }))));
  expect(plan.workflow.terminating).toEqual(['Sum', 'Both']);
  expect(stepOf(plan.workflow.steps, 'Both').after).toEqual(['Numbers']);
});

const Lenient = task({
  name: 'Lenient',
  inputs: { a: input(z.int(), { default: 1 }), b: z.string().default('x'), c: z.number().optional(), sum: z.int() },
  run: () => undefined,
});

test('inputs that nobody gives take their defaults', async () => {
  const { plan } = await planOf(() => Sum({ numbers: [] }).pipe(Lenient({ b: 'y' })));
  expect(sources(plan.workflow.steps[1])).toEqual({
    a: { kind: 'default' },
    b: { kind: 'bound', value: '"y"' },
    c: { kind: 'default' },
    sum: { kind: 'step', step: 'Sum', output: 'sum' },
  });
});

test('a map takes arrays for what its body iterates, and the rest unchanged', async () => {
  const Add = task({
    name: 'Add',
    inputs: { n: iterateOn('numbers', z.int()), w: iterateOn('words', z.string()), sum: z.int(), extra: z.int().optional() },
    outputs: { text: z.string() },
    run: () => '',
  });
  const { plan } = await planOf(() => {
    const numbers = Numbers();
    return join(numbers, numbers.pipe(Sum()), Words()).pipe(mapTask({ cpusPerTask: 2, simultaneousTasks: 3 }, () => Add()));
  });
  const map = stepOf(plan.workflow.steps, 'map_output') as MapStep;
  expect(map).toMatchObject({
    elements: {
      kind: 'iterate',
      over: [
        { input: 'n', array: 'numbers' },
        { input: 'w', array: 'words' },
      ],
    },
    outputName: 'map_output',
    reduce: 'concatenate',
    cpusPerTask: 2,
    simultaneousTasks: 3,
    onFailure: 'finish',
  });
  expect(sources(map)).toEqual({
    numbers: { kind: 'step', step: 'Numbers', output: 'numbers' },
    words: { kind: 'step', step: 'Words', output: 'words' },
    sum: { kind: 'step', step: 'Sum', output: 'sum' },
  });
  expect(map.body.inputs).toEqual(['n', 'w', 'sum']);
  expect(sources(map.body.steps[0])).toMatchObject({ n: { kind: 'outer', name: 'n' }, extra: { kind: 'default' } });
});

test('what units and allocations are given stands in the plan, in its units and names', async () => {
  const Far = task({ name: 'Far', runOn: 'allocation', outputs: { numbers: z.array(z.int()) }, run: () => [1] });
  const { plan } = await planOf(() =>
    Far().pipe(
      mapTask(
        {
          memPerTask: '2G',
          gpusPerTask: 1,
          timePerTask: '2h',
          sbatch: { memPerCpu: '1G', p: 'fast', exclusive: false },
          prologue: ['module load gcc\n\n  source env.sh', 'true'],
        },
        () => Square(),
      ),
    ),
  );
  expect(plan.workflow.steps[0]).toMatchObject({ options: { runOn: 'allocation' } });
  expect(plan.workflow.steps[1]).toMatchObject({
    cpusPerTask: 1,
    memPerTaskMib: 2048,
    gpusPerTask: 1,
    timePerTaskMs: 7_200_000,
    sbatch: { 'mem-per-cpu': '1G', partition: 'fast', exclusive: false },
    prologue: ['module load gcc', '  source env.sh', 'true'],
  });
});

test('a plain input of a name that a sibling iterates is served by the element', async () => {
  const Plain = task({ name: 'Plain', inputs: { n: z.int() }, run: () => undefined });
  const { plan } = await planOf(() => Numbers().pipe(mapTask({ noOutputs: true }, () => [Square(), Plain()])));
  const map = stepOf(plan.workflow.steps, 'map_output') as MapStep;
  expect(ids(map.body.steps)).toEqual(['map_output/Square', 'map_output/Plain']);
  expect(map.outputs).toEqual([]);
  expect(map.body.inputs).toEqual(['n']);
});

test('the generator and reduce of a map at the top are steps of their own', async () => {
  const { plan, functions } = await planOf(() => {
    const mapped = mapTask(
      {
        name: 'squares',
        generator: {
          inputs: { numbers: z.array(z.int()) },
          elements: { n: z.int() },
          run: ({ numbers }) => numbers.map((n) => ({ n })),
        },
        reduce: { inputs: { words: z.array(z.string()) }, run: (outputs, { words }) => outputs.length + words.length },
      },
      () => Square(),
    );
    return join(Numbers(), Words()).pipe(mapped);
  });
  expect(plan.workflow.steps.map(({ id, after }) => [id, after])).toEqual([
    ['Numbers', []],
    ['Words', []],
    ['squares/generate', ['Numbers', 'Words']],
    ['squares', ['Numbers', 'Words', 'squares/generate']],
    ['squares/reduce', ['squares', 'Words']],
  ]);
  const map = stepOf(plan.workflow.steps, 'squares') as MapStep;
  expect(map).toMatchObject({
    elements: { kind: 'generated', input: 'elements' },
    outputName: 'unit_outputs',
    outputs: [{ name: 'unit_outputs' }],
  });
  expect(stepOf(plan.workflow.steps, 'squares/reduce')).toMatchObject({ role: 'reduce', outputs: [{ name: 'map_output' }] });
  expect(plan.workflow.terminating).toEqual(['squares/reduce']);
  expect([...functions.keys()].sort()).toEqual(['Numbers', 'Words', 'squares/Square', 'squares/generate', 'squares/reduce']);
});

test('a map within a map keeps its generator and reduce, and takes from around it', async () => {
  const Rows = task({ name: 'Rows', outputs: { rows: z.array(z.array(z.int())) }, run: () => [[1], [2, 3]] });
  const Row = task({
    name: 'Row',
    inputs: { row: iterateOn('rows', z.array(z.int())) },
    outputs: { numbers: z.array(z.int()) },
    run: ({ row }) => row,
  });
  const { plan, functions } = await planOf(() => {
    const inner = () => mapTask({ outputName: 'total', reduce: (outputs) => outputs.length }, () => Square());
    return Rows().pipe(mapTask({}, () => Row().pipe(inner())));
  });
  const map = stepOf(plan.workflow.steps, 'map_output') as MapStep;
  expect(ids(map.body.steps)).toEqual(['map_output/Row', 'map_output/total']);
  expect(map.body.steps[1]).toMatchObject({ reduce: 'custom', outputName: 'total', after: ['map_output/Row'] });
  expect(functions.has('map_output/total/reduce')).toBe(true);
});

test('options of tasks come into the plan in milliseconds', async () => {
  const Slow = task({
    name: 'Slow',
    timeout: '1.5s',
    retries: { max: 2, delay: 3 },
    env: { A: 'b' },
    isolate: true,
    run: () => undefined,
  });
  const { plan } = await planOf(() => Slow());
  expect(plan.workflow.steps[0]).toMatchObject({
    options: { timeoutMs: 1500, retries: { max: 2, delayMs: 3000 }, env: { A: 'b' }, isolate: true },
  });
});

test('arguments reach the tasks that read them, parsed by their schemas', async () => {
  const { plan, functions } = await planWithFactor(() => Scale({ n: 2 }), 7);
  expect(plan.args).toBe('{"factor":7}');
  expect(functions.get('Scale')?.args).toEqual({ factor: 7 });
});

test('a plan is plain data, and the same each time', async () => {
  const setup = () => Numbers().pipe(mapTask({}, () => Square()));
  const [first, second] = [await planOf(setup), await planOf(setup)];
  expect(JSON.parse(JSON.stringify(first.plan))).toEqual(first.plan);
  expect(JSON.stringify(first.plan)).toBe(JSON.stringify(second.plan));
});

test('a setup may take its time, and several may be asked for at once', async () => {
  const slowly = async () => {
    const numbers = Numbers();
    await Promise.resolve();
    return numbers.pipe(Sum());
  };
  const plans = await Promise.all([planOf(slowly), planOf(() => Words()), planOf(slowly)]);
  expect(plans.map(({ plan }) => plan.workflow.steps.length)).toEqual([2, 1, 2]);
});
