// A map's inputs and outputs follow from its body, its generator and its reduce.
import { type Failure, iterateOn, join, mapTask, type SbatchOptions, task } from 'outflow';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import type { DecidedByOutflow, IteratedLeft, MissingElement, Typed } from '../../src/sdk/types.ts';

const Square = task({
  name: 'Square',
  args: { power: z.int() },
  inputs: { n: iterateOn('numbers', z.int()), unit: z.string() },
  outputs: { square: z.int() },
  run: ({ n }) => {
    expectTypeOf(n).toEqualTypeOf<number>();
    return n * n;
  },
});
const Plain = task({ name: 'Plain', inputs: { n: z.int() }, outputs: { text: z.string() }, run: ({ n }) => String(n) });
type Types<C> = C extends Typed<infer T> ? T : never;

// Arrays for what is iterated, the rest unchanged; an array an element of a record a terminating task.
const plain = mapTask({}, () => Square());
expectTypeOf<Types<typeof plain>>().toEqualTypeOf<{
  needs: { unit: string; numbers: number[] };
  gives: [{ map_output: [{ square: number }][] }];
  reads: { power: number };
}>();

// A plain input of the same name is served by the element; several terminating tasks give several records.
const two = mapTask({ outputName: 'both' }, () => [Square({ unit: 'm' }), Plain()]);
expectTypeOf<Types<typeof two>['needs']>().toEqualTypeOf<{ numbers: number[] }>();
expectTypeOf<Types<typeof two>['gives']>().toEqualTypeOf<[{ both: [{ square: number }, { text: string }][] }]>();
const joined = mapTask({ outputName: 'both' }, () => join(Square({ unit: 'm' }), Plain()));
expectTypeOf<Types<typeof joined>['gives']>().toEqualTypeOf<Types<typeof two>['gives']>();

// What it gives fits the schemas that people write for it.
const Show = task({
  name: 'Show',
  inputs: { both: z.array(z.tuple([z.object({ square: z.int() }), z.object({ text: z.string() })])) },
  run: () => {},
});
two.pipe(Show());
const Loose = task({ name: 'Loose', inputs: { map_output: z.array(z.array(z.object({ square: z.number() }))) }, run: () => {} });
plain.pipe(Loose());
// @ts-expect-error the map's output has another type
mapTask({ outputName: 'map_output' }, () => Plain()).pipe(Loose());

// Binding the iterated input takes the array away; noOutputs takes the output away.
const bound = mapTask({ noOutputs: true }, () => [Square({ n: 1 }), Square()]);
expectTypeOf<Types<typeof bound>['gives']>().toEqualTypeOf<[{}]>();

// With keep, failures stand among the elements, as plain data.
const kept = mapTask({ onFailure: 'keep' }, () => Plain());
expectTypeOf<Types<typeof kept>['gives'][0]['map_output']>().toEqualTypeOf<([{ text: string }] | Failure)[]>();

// A reduce is given what the units gave, and makes the output's type.
const reduced = mapTask(
  { outputName: 'total', reduce: (outputs) => outputs.reduce((sum, [{ square }]) => sum + square, 0) },
  () => Square({ unit: 'm' }),
);
expectTypeOf<Types<typeof reduced>>().toEqualTypeOf<{
  needs: { numbers: number[] };
  gives: [{ total: number }];
  reads: { power: number };
}>();
const withInputs = mapTask(
  {
    outputName: 'text',
    reduce: {
      inputs: { separator: z.string().default(', ') },
      run: async (outputs, { separator }) => outputs.map(([{ square }]) => square).join(separator),
    },
  },
  () => Square(),
);
expectTypeOf<Types<typeof withInputs>['gives']>().toEqualTypeOf<[{ text: string }]>();
expectTypeOf<Types<typeof withInputs>['needs']>().toEqualTypeOf<{
  unit: string;
  separator?: string | undefined;
  numbers: number[];
}>();

// A generator function gives the iterated inputs: no array is needed.
const generated = mapTask({ generator: () => [{ n: 1 }] }, () => Square());
expectTypeOf<Types<typeof generated>['needs']>().toEqualTypeOf<{ unit: string }>();
// @ts-expect-error the elements lack n
mapTask({ generator: () => [{ m: 1 }] }, () => Square());
// @ts-expect-error n is a number
mapTask({ generator: () => [{ n: 'x' }] }, () => Square());

// One that declares its elements may take inputs of its own and serve any input of the body.
const declared = mapTask(
  {
    generator: {
      inputs: { files: z.array(z.string()) },
      elements: { n: z.int(), unit: z.string() },
      run: ({ files }) => files.map((unit, n) => ({ n, unit })),
    },
  },
  () => Square(),
);
expectTypeOf<Types<typeof declared>['needs']>().toEqualTypeOf<{ files: string[] }>();
// @ts-expect-error the generator does not serve the iterated n
mapTask({ generator: { elements: { unit: z.string() }, run: () => [{ unit: 'm' }] } }, () => Square());
const square = Square();
expectTypeOf<IteratedLeft<Types<typeof square>['needs'], { unit: unknown }>>().toEqualTypeOf<MissingElement<'n'>>();

// Maps nest: what the inner one takes is given in the outer body or becomes an input of the outer map.
const Row = task({
  name: 'Row',
  inputs: { row: iterateOn('rows', z.array(z.int())) },
  outputs: { numbers: z.array(z.int()) },
  run: ({ row }) => row,
});
const nested = mapTask({ outputName: 'rows_out' }, () => Row().pipe(mapTask({}, () => Square())));
expectTypeOf<Types<typeof nested>['needs']>().toEqualTypeOf<{ unit: string; rows: number[][] }>();
expectTypeOf<Types<typeof nested>['gives']>().toEqualTypeOf<[{ rows_out: [{ map_output: [{ square: number }][] }][] }]>();

// Options.
// @ts-expect-error no such mode
mapTask({ onFailure: 'ignore' }, () => Plain());
// @ts-expect-error a number is wanted
mapTask({ cpusPerTask: '2' }, () => Plain());

// What units own, and what allocations are asked for with: in camelCase, by Slurm's names, or unknown to us.
const gigabytes: number = 4;
mapTask({ memPerTask: '500M', gpusPerTask: 1, timePerTask: '2h30m', prologue: 'module load gcc' }, () => Plain());
mapTask({ memPerTask: `${gigabytes}G`, timePerTask: 90, prologue: ['module load gcc', 'source env.sh'] }, () => Plain());
mapTask({ memPerTask: 2048, sbatch: { memPerCpu: '2G', 'mail-user': 'a@b.c', exclusive: 'user', mem: false } }, () => Plain());
mapTask({ sbatch: { partition: 'short', time: '2:00:00', ofTomorrow: 3, 'some-switch': true } }, () => Plain());
// @ts-expect-error a unit of memory that Slurm does not have
mapTask({ memPerTask: '4GB' }, () => Plain());
// @ts-expect-error not a duration
mapTask({ timePerTask: '2 hours' }, () => Plain());
// @ts-expect-error a partition is a text
mapTask({ sbatch: { partition: 3 } }, () => Plain());
// @ts-expect-error a partition needs a name
mapTask({ sbatch: { partition: true } }, () => Plain());
// @ts-expect-error nothing to pass on
mapTask({ sbatch: { somethingElse: ['a'] } }, () => Plain());
// @ts-expect-error outflow makes the array
mapTask({ sbatch: { array: '1-10' } }, () => Plain());
// @ts-expect-error in either spelling
mapTask({ sbatch: { jobName: 'mine' } }, () => Plain());
expectTypeOf<Required<SbatchOptions>['ntasksPerNode']>().toExtend<DecidedByOutflow<'ntasks-per-node'>>();
