// Commands: arguments are typed by their flags; a workflow that lacks an input or an argument does not compile.
import { command, flag, input, iterateOn, join, mapTask, task } from 'outflow';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import type {
  IteratedOutsideMap,
  Lacking,
  MissingArgument,
  MissingInput,
  Typed,
  WrongArgs,
  WrongArgument,
} from '../../src/sdk/types.ts';

const Numbers = task({ name: 'Numbers', outputs: { numbers: z.array(z.int()) }, run: () => [1] });
const Sum = task({ name: 'Sum', inputs: { numbers: z.array(z.int()) }, outputs: { sum: z.int() }, run: () => 1 });
const Lenient = task({ name: 'Lenient', inputs: { numbers: z.array(z.int()).default([]) }, run: () => {} });
const Times = task({ name: 'Times', inputs: { times: input(z.int(), { default: 1 }) }, run: () => {} });
const Each = task({ name: 'Each', inputs: { n: iterateOn('numbers', z.int()) }, run: () => {} });
const Scale = task({
  name: 'Scale',
  args: { factor: z.int() },
  outputs: { scaled: z.int() },
  run: (_inputs, { args }) => args.factor,
});
const Tuned = task({ name: 'Tuned', args: { mode: z.enum(['fast', 'exact']).optional() }, run: () => {} });

// Each flag has its type, with a default or required or neither.
command({
  args: {
    required: flag.integer({ required: true, min: 1 }),
    defaulted: flag.number({ default: 0.5 }),
    maybe: flag.string(),
    many: flag.string({ multiple: true }),
    dry: flag.boolean(),
    mode: flag.option(['fast', 'exact'], { default: 'fast' }),
    level: flag.option(['low', 'high']),
    modes: flag.option(['x', 'y'], { multiple: true, default: ['x'] }),
  },
  setup: (args) => {
    expectTypeOf(args).toEqualTypeOf<{
      required: number;
      defaulted: number;
      maybe: string | undefined;
      many: string[];
      dry: boolean;
      mode: 'fast' | 'exact';
      level: 'low' | 'high' | undefined;
      modes: ('x' | 'y')[];
    }>();
    return Numbers();
  },
});
// @ts-expect-error no such option
flag.option(['fast', 'exact'], { default: 'slow' });
// @ts-expect-error a number is wanted
flag.integer({ default: 'x' });

// One instance, several, or a promise of them.
command({ setup: () => Numbers().pipe(Sum()) });
command({ setup: () => [Numbers(), Numbers().pipe(Sum())] });
command({ setup: async () => Numbers().pipe(Sum()) });
command({ setup: () => Numbers().pipe(mapTask({}, () => Each())) });
command({ setup: () => Lenient() });

command({ setup: () => [Lenient(), Lenient()] });
command({ setup: () => join(Lenient(), Times(), Times({ times: 3 })) });
// @ts-expect-error numbers: one of them can do without, the other cannot
command({ setup: () => [Lenient(), Sum()] });

// Different workflows from different arguments: each has to be complete.
command({ args: { dry: flag.boolean() }, setup: ({ dry }) => (dry ? Numbers() : Numbers().pipe(Sum())) });
command({ args: { dry: flag.boolean() }, setup: ({ dry }) => (dry ? Numbers() : [Numbers(), Lenient()]) });
command({
  args: { dry: flag.boolean() },
  setup: async ({ dry }) => {
    if (dry) return Numbers();
    return [Numbers(), Lenient()];
  },
});
// @ts-expect-error the second lacks numbers
command({ args: { dry: flag.boolean() }, setup: ({ dry }) => (dry ? Numbers() : [Numbers(), Sum()]) });

// An input that nobody gives; the error names it.
// @ts-expect-error numbers
command({ setup: () => Sum() });
// @ts-expect-error numbers
command({ setup: async () => Sum() });
// @ts-expect-error numbers, of the second
command({ setup: () => [Numbers(), Sum()] });
// @ts-expect-error numbers, for the map
command({ setup: () => mapTask({}, () => Each()) });
// @ts-expect-error n is iterated: its task belongs into a map
command({ setup: () => Numbers().pipe(Each()) });
expectTypeOf<Lacking<{ numbers: number[] }>>().toEqualTypeOf<MissingInput<'numbers', number[]>>();
const each = Each();
expectTypeOf<Lacking<NeedsOf<typeof each>>>().toEqualTypeOf<IteratedOutsideMap<'n'>>();

// An argument that a task reads and the command lacks, or has of another type; the error names it.
command({ args: { factor: flag.integer({ required: true }) }, setup: () => Scale() });
command({ setup: () => Tuned() });
command({ setup: () => [Tuned(), Tuned()] });
command({ args: { mode: flag.option(['fast', 'exact']) }, setup: () => Tuned() });
// @ts-expect-error factor is missing
command({ setup: () => Scale() });
// @ts-expect-error factor may be undefined
command({ args: { factor: flag.integer() }, setup: () => Scale() });
// @ts-expect-error factor is a string
command({ args: { factor: flag.string({ required: true }) }, setup: () => Scale() });
// @ts-expect-error mode may have other values
command({ args: { mode: flag.string() }, setup: () => Tuned() });
// @ts-expect-error factor is read within a map
command({ setup: () => Numbers().pipe(mapTask({}, () => [Each(), Scale()])) });
expectTypeOf<WrongArgs<{}, { factor: number }>>().toEqualTypeOf<MissingArgument<'factor', number>>();
expectTypeOf<WrongArgs<{ factor: string }, { factor: number }>>().toEqualTypeOf<WrongArgument<'factor', string, number>>();

// @ts-expect-error not a workflow
command({ setup: () => 3 });
// @ts-expect-error no such backend
command({ backend: 'cloud', setup: () => Numbers() });

type NeedsOf<C> = C extends Typed<infer T> ? T['needs'] : never;
