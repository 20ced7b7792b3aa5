// Tasks and plans for the tests of the SDK.
import { expect } from 'vitest';
import { z } from 'zod';
import { type AnyChain, command, flag, iterateOn, task } from '../../../src/index.ts';
import { type BuiltPlan, buildPlan, commandsOf } from '../../../src/sdk/internal.ts';

export const Numbers = task({ name: 'Numbers', outputs: { numbers: z.array(z.int()) }, run: () => [1, 2, 3] });
export const Words = task({ name: 'Words', outputs: { words: z.array(z.string()) }, run: () => ['a', 'b', 'c'] });
export const Square = task({
  name: 'Square',
  inputs: { n: iterateOn('numbers', z.int()) },
  outputs: { square: z.int() },
  run: ({ n }) => n * n,
});
export const Sum = task({
  name: 'Sum',
  inputs: { numbers: z.array(z.int()) },
  outputs: { sum: z.int() },
  run: ({ numbers }) => numbers.reduce((a, b) => a + b, 0),
});
export const Show = task({ name: 'Show', inputs: { sum: z.int() }, run: () => undefined });
export const Scale = task({
  name: 'Scale',
  args: { factor: z.int() },
  inputs: { n: z.int() },
  outputs: { scaled: z.int() },
  run: ({ n }, { args }) => n * args.factor,
});

/** The plan of a command without arguments, whose types are not checked. */
export function planOf(setup: () => unknown): Promise<BuiltPlan> {
  return built({ tested: command({ setup: setup as () => never }) });
}

/** The plan of a command that has the argument `factor`. */
export function planWithFactor(setup: () => AnyChain | AnyChain[], factor: number): Promise<BuiltPlan> {
  const tested = command({ args: { factor: flag.integer({ required: true }) }, setup: setup as () => never });
  return built({ tested }, { factor });
}

async function built(module: Record<string, unknown>, args: Record<string, unknown> = {}): Promise<BuiltPlan> {
  return buildPlan('tested', commandsOf(module)['tested'] as never, args);
}

/** Matches an OutflowError by its code and parts of its message and hint. */
export function problem(code: string, message: string | RegExp, hint?: string): unknown {
  const hinted = hint === undefined ? {} : { hint: expect.stringContaining(hint) };
  return expect.objectContaining({ code, message: expect.stringMatching(asPattern(message)), ...hinted });
}

function asPattern(text: string | RegExp): RegExp {
  return text instanceof RegExp ? text : new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
