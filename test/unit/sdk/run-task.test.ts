// A task's border: what is checked, filled in and refused on the way in and out.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { input, task } from '../../../src/index.ts';
import { TASK, type TaskDefinition } from '../../../src/sdk/definition.ts';
import { runTask } from '../../../src/sdk/internal.ts';

type Spec = Parameters<typeof task>[0];

/** Runs a task, whose types are not checked, in a context that it does not read. */
function run(spec: Record<string, unknown>, inputs: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { [TASK]: definition } = task({ name: 'T', run: () => undefined, ...spec } as unknown as Spec) as unknown as {
    [TASK]: TaskDefinition;
  };
  return runTask(definition, inputs, {} as never);
}

const failing = (cause: string, message: string) =>
  expect.objectContaining({ failureCause: cause, message: expect.stringContaining(message) });
const one = { outputs: { o: z.object({ o: z.number() }).or(z.number()) } };

test.each([
  ['the record', () => ({ o: 1 }), { o: 1 }],
  ['the bare value', () => 1, { o: 1 }],
  ['a promise of the bare value', async () => 1, { o: 1 }],
  ['a record whose value looks like a record', () => ({ o: { o: 2 } }), { o: { o: 2 } }],
])('a task with one output may return %s', async (_what, returns, outputs) => {
  expect(await run({ ...one, run: returns })).toEqual(outputs);
});

test('an object with more members than the output is the bare value', async () => {
  expect(await run({ outputs: { o: z.object({ o: z.number(), p: z.number() }) }, run: () => ({ o: 1, p: 2 }) })).toEqual({
    o: { o: 1, p: 2 },
  });
});

test('schemas transform what goes in and out', async () => {
  const twice = z.string().transform((text) => text + text);
  expect(await run({ inputs: { a: twice }, outputs: { b: twice }, run: ({ a }: { a: string }) => a }, { a: 'x' })).toEqual({
    b: 'xxxx',
  });
});

test('asynchronous schemas are awaited', async () => {
  const later = z.number().transform(async (n) => n + 1);
  expect(await run({ inputs: { a: later }, outputs: { b: later }, run: ({ a }: { a: number }) => a }, { a: 1 })).toEqual({
    b: 3,
  });
});

test('what is not given takes the default, which is fresh each time', async () => {
  const spec = {
    inputs: { list: input(z.array(z.int()), { default: [1] }), word: z.string().default('w'), none: z.int().optional() },
    outputs: { seen: z.unknown() },
    run: (inputs: { list: number[] }) => {
      inputs.list.push(2);
      return { seen: { ...inputs } };
    },
  };
  expect(await run(spec)).toEqual({ seen: { list: [1, 2], word: 'w', none: undefined } });
  expect(await run(spec)).toEqual({ seen: { list: [1, 2], word: 'w', none: undefined } });
});

test('an optional output that is not returned is left out', async () => {
  expect(await run({ outputs: { a: z.int(), b: z.int().optional() }, run: () => ({ a: 1 }) })).toEqual({ a: 1 });
  expect(await run({ outputs: { b: z.int().optional() }, run: () => undefined })).toEqual({});
});

test.each([
  ['is missing', { inputs: { a: z.int() } }, {}, 'input `a` is missing'],
  [
    'is ill-typed',
    { inputs: { a: z.object({ b: z.array(z.int()) }) } },
    { a: { b: [1, 'x'] } },
    'input `a.b[1]`: Invalid input: expected number, received string',
  ],
])('an input that %s is refused', async (_what, spec, inputs, message) => {
  await expect(run(spec, inputs)).rejects.toEqual(failing('invalid-input', message));
});

const two = { outputs: { a: z.int(), b: z.string() } };

test.each([
  ['missing', two, { a: 1 }, 'output `b` is missing'],
  ['ill-typed', two, { a: 1, b: 2 }, 'output `b`: Invalid input: expected string, received number'],
  ['unknown', two, { a: 1, b: '', c: 3 }, 'unknown output `c`; declared are a, b'],
  ['not an object', two, 3, 'it returned 3, not an object of its outputs a, b'],
  ['returned where none is declared', {}, { a: 1 }, 'it returned an object, but declares no outputs'],
  [
    'ill-typed as a bare value',
    { outputs: { o: z.int() } },
    { p: 1 },
    'output `o`: Invalid input: expected number, received object',
  ],
  ['wrong in many places', { outputs: { o: z.array(z.int()) } }, ['a', 'b', 'c', 'd', 'e'], '; and 2 more'],
])('an output that is %s is refused', async (_what, spec, returned, message) => {
  await expect(run({ ...spec, run: () => returned })).rejects.toEqual(failing('invalid-output', message));
});

test('what the function throws comes out as it is', async () => {
  const error = new Error('mine');
  await expect(
    run({
      run: () => {
        throw error;
      },
    }),
  ).rejects.toBe(error);
});
