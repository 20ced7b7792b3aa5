// A unit executed: one task, or an element with its subworkflow and the maps within it.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { iterateOn, join, mapTask, task } from '../../../src/index.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { type BuiltPlan, runUnit, type UnitContext, type UnitHooks, type UnitRun } from '../../../src/sdk/internal.ts';
import { Numbers, planOf, planWithFactor, Scale, Square, Sum } from './tasks.ts';

const context = (more: Partial<UnitContext> = {}): UnitContext =>
  ({ cpus: 2, signal: new AbortController().signal, run: 'r1', index: 5, attempt: 1, workdir: '/w', ...more }) as UnitContext;

function unitOf({ plan, functions }: BuiltPlan, id: string, more: Partial<UnitRun> = {}): UnitRun {
  const step = plan.workflow.steps.find((each) => each.id === id) as Step;
  return { step, functions, inputs: {}, context: context(), ...more };
}

const Row = task({
  name: 'Row',
  inputs: { row: iterateOn('rows', z.array(z.int())) },
  outputs: { numbers: z.array(z.int()) },
  run: ({ row }) => row,
});

/** A map over rows whose body maps over the numbers of its row. */
const nested = (inner: () => unknown) => planOf(() => mapTask({ generator: () => [] }, () => Row().pipe(inner() as never)));
const element = (row: number[]) => ({ element: { row } });

test('a task step gives its outputs by name', async () => {
  const built = await planWithFactor(() => Scale({ n: 2 }), 3);
  expect(await runUnit(unitOf(built, 'Scale', { inputs: { n: 2 } }))).toEqual({ scaled: 6 });
});

test('an element gives a record a terminating task', async () => {
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => [Square(), Square()])));
  expect(await runUnit(unitOf(built, 'map_output', { inputs: { numbers: [] }, element: { n: 3 } }))).toEqual([
    { square: 9 },
    { square: 9 },
  ]);
});

test('bound values, defaults and shared inputs reach a body of one task', async () => {
  const Mix = task({
    name: 'Mix',
    inputs: { n: iterateOn('numbers', z.int()), sum: z.int(), when: z.date(), word: z.string().default('w') },
    outputs: { mixed: z.string() },
    run: ({ n, sum, when, word }) => `${n} ${sum} ${when.getTime()} ${word}`,
  });
  const built = await planOf(() => {
    const numbers = Numbers();
    return join(numbers, numbers.pipe(Sum())).pipe(mapTask({}, () => Mix({ when: new Date(7) })));
  });
  expect(await runUnit(unitOf(built, 'map_output', { inputs: { sum: 6 }, element: { n: 1 } }))).toEqual([{ mixed: '1 6 7 w' }]);
});

test('the element wins over a shared input of the same name', async () => {
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => Square())));
  expect(await runUnit(unitOf(built, 'map_output', { inputs: { n: 9 }, element: { n: 2 } }))).toEqual([{ square: 4 }]);
});

test('independent tasks of a unit run at the same time', async () => {
  const log: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const Waits = task({
    name: 'Waits',
    inputs: { n: iterateOn('numbers', z.int()) },
    outputs: { a: z.int() },
    run: async ({ n }) => {
      await held;
      log.push('waited');
      return n;
    },
  });
  const Frees = task({
    name: 'Frees',
    inputs: { n: z.int() },
    outputs: { b: z.int() },
    run: ({ n }) => {
      release();
      log.push('freed');
      return n;
    },
  });
  const Ends = task({ name: 'Ends', inputs: { a: z.int(), b: z.int() }, outputs: { c: z.int() }, run: ({ a, b }) => a + b });
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => join(Waits(), Frees()).pipe(Ends()))));
  expect(await runUnit(unitOf(built, 'map_output', { element: { n: 4 } }))).toEqual([{ c: 8 }]);
  expect(log).toEqual(['freed', 'waited']);
});

test('a map within a unit gives its outputs in order, at most as many at once as there are CPUs', async () => {
  let running = 0;
  let most = 0;
  const Slow = task({
    name: 'Slow',
    inputs: { n: iterateOn('numbers', z.int()) },
    outputs: { square: z.int() },
    run: async ({ n }) => {
      most = Math.max(most, ++running);
      for (let i = n; i < 9; i++) await null;
      running--;
      return n * n;
    },
  });
  const built = await nested(() => mapTask({ outputName: 'squares' }, () => Slow()));
  expect(await runUnit(unitOf(built, 'map_output', element([1, 2, 3, 4, 5])))).toEqual([
    { squares: [[{ square: 1 }], [{ square: 4 }], [{ square: 9 }], [{ square: 16 }], [{ square: 25 }]] },
  ]);
  expect(most).toBe(2);
});

test('a map of no elements gives an empty array', async () => {
  const built = await nested(() => mapTask({ outputName: 'squares' }, () => Square()));
  expect(await runUnit(unitOf(built, 'map_output', element([])))).toEqual([{ squares: [] }]);
});

test('generator and reduce of a map within a unit are called there', async () => {
  const built = await nested(() =>
    mapTask(
      {
        outputName: 'total',
        generator: {
          inputs: { numbers: z.array(z.int()) },
          elements: { n: z.int() },
          run: ({ numbers }) => numbers.map((n) => ({ n: n * 10 })),
        },
        reduce: {
          inputs: { numbers: z.array(z.int()) },
          run: (outputs, { numbers }) => [outputs.flat().map(({ square }) => square), numbers.length],
        },
      },
      () => Square(),
    ),
  );
  expect(await runUnit(unitOf(built, 'map_output', element([1, 2])))).toEqual([{ total: [[100, 400], 2] }]);
});

const Picky = task({
  name: 'Picky',
  inputs: { n: iterateOn('numbers', z.int()) },
  outputs: { n: z.int() },
  run: ({ n }) => {
    if (n % 2 === 0) throw new RangeError(`${n} is even`);
    return n;
  },
});

test.each([
  ['finish', 'elements 1, 3 of map map_output/picky failed: RangeError: 2 is even'],
  ['abort', 'element 1 of map map_output/picky failed: RangeError: 2 is even'],
] as const)('with %s, failed elements of a map within a unit fail it, by name', async (onFailure, message) => {
  const built = await nested(() => mapTask({ name: 'picky', onFailure, simultaneousTasks: 1 }, () => Picky()));
  await expect(runUnit(unitOf(built, 'map_output', element([1, 2, 3, 4])))).rejects.toMatchObject({
    failure: { cause: 'exception', message, task: 'map_output/picky/Picky', stack: expect.stringContaining('run-unit.test.ts') },
  });
});

test('with keep, failures take the place of elements', async () => {
  const built = await nested(() => mapTask({ outputName: 'kept', onFailure: 'keep' }, () => Picky()));
  expect(await runUnit(unitOf(built, 'map_output', element([1, 2])))).toMatchObject([
    { kept: [[{ n: 1 }], { cause: 'exception', message: 'RangeError: 2 is even', task: 'map_output/kept/Picky' }] },
  ]);
});

test('unequal arrays of a map within a unit are told by their lengths', async () => {
  const Two = task({
    name: 'Two',
    inputs: { n: iterateOn('numbers', z.int()), m: iterateOn('row', z.int()) },
    run: () => undefined,
  });
  const built = await nested(() => mapTask({ name: 'two' }, () => Two()));
  await expect(runUnit(unitOf(built, 'map_output', { element: { row: [1, 2] }, hooks: shorten }))).rejects.toMatchObject({
    failure: {
      cause: 'invalid-input',
      message: 'map map_output/two iterates over arrays of unequal lengths: numbers has 1, row has 2',
    },
  });
});
const shorten: UnitHooks = { runTask: async (_task, run) => ({ ...(await run()), numbers: [1] }) };

test('a failed task fails the unit after those that run have ended, and no other starts', async () => {
  const log: string[] = [];
  const Fails = task({
    name: 'Fails',
    inputs: { n: iterateOn('numbers', z.int()) },
    outputs: { a: z.int() },
    run: () => {
      throw new Error('mine');
    },
  });
  const Goes = task({
    name: 'Goes',
    inputs: { n: z.int() },
    outputs: { b: z.int() },
    run: async ({ n }) => {
      await null;
      log.push('ended');
      return n;
    },
  });
  const Never = task({ name: 'Never', inputs: { b: z.int() }, run: () => void log.push('started') });
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => [Fails(), Goes().pipe(Never())])));
  await expect(runUnit(unitOf(built, 'map_output', { element: { n: 1 } }))).rejects.toMatchObject({
    failure: { cause: 'exception', message: 'mine', task: 'map_output/Fails' },
  });
  expect(log).toEqual(['ended']);
});

test('a cancelled unit starts no more of its tasks', async () => {
  const cancel = new AbortController();
  const Cancels = task({
    name: 'Cancels',
    inputs: { n: iterateOn('numbers', z.int()) },
    outputs: { b: z.int() },
    run: ({ n }) => {
      cancel.abort();
      return n;
    },
  });
  const Never = task({ name: 'Never', inputs: { b: z.int() }, run: () => expect.unreachable() });
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => Cancels().pipe(Never()))));
  const run = runUnit(unitOf(built, 'map_output', { element: { n: 1 }, context: context({ signal: cancel.signal }) }));
  await expect(run).rejects.toMatchObject({ failure: { cause: 'cancelled' } });
});

test('a task sees its own step, its arguments and the unit around it', async () => {
  const Sees = task({
    name: 'Sees',
    args: { factor: z.int().transform((factor) => factor * 2) },
    outputs: { seen: z.unknown() },
    run: (_inputs, { args, step, index, attempt, cpus, workdir, run }) => ({
      seen: { args, step, index, attempt, cpus, workdir, run },
    }),
  });
  const built = await planWithFactor(() => Sees(), 4);
  expect(await runUnit(unitOf(built, 'Sees'))).toEqual({
    seen: { args: { factor: 8 }, step: 'Sees', index: 5, attempt: 1, cpus: 2, workdir: '/w', run: 'r1' },
  });
});

test('the database is not touched by a task that does not read it', async () => {
  const opened: string[] = [];
  const lazy = Object.defineProperty(context(), 'db', { get: () => opened.push('db') });
  const Reads = task({ name: 'Reads', run: (_inputs, { db }) => void db });
  await runUnit(unitOf(await planOf(() => Numbers()), 'Numbers', { context: lazy }));
  expect(opened).toEqual([]);
  await runUnit(unitOf(await planOf(() => Reads()), 'Reads', { context: lazy }));
  expect(opened).toEqual(['db']);
});

test('hooks surround each task, and may put a signal in place', async () => {
  const seen: string[] = [];
  const signal = AbortSignal.abort('mine');
  const hooks: UnitHooks = {
    runTask: async ({ id, definition }, run) => {
      seen.push(`${id} of ${definition.name}`);
      return run({ signal });
    },
  };
  const Asks = task({
    name: 'Asks',
    inputs: { n: iterateOn('numbers', z.int()) },
    outputs: { reason: z.string() },
    run: (_i, context) => String(context.signal.reason),
  });
  const built = await planOf(() => Numbers().pipe(mapTask({}, () => Asks())));
  expect(await runUnit(unitOf(built, 'map_output', { element: { n: 1 }, hooks }))).toEqual([{ reason: 'mine' }]);
  expect(seen).toEqual(['map_output/Asks of Asks']);
});
