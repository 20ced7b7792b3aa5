// A task's function: its inputs, its context and all that it may return are typed by the schemas.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Context, type Database, input, sql, task } from 'outflow';
import type { DatabasePool } from 'slonik';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import type { Typed } from '../../src/sdk/types.ts';

// Inputs and arguments come as their schemas give them, without a cast.
const Full = task({
  name: 'Full',
  args: { mode: z.enum(['fast', 'exact']), depth: z.string().transform(Number) },
  inputs: {
    when: z.date(),
    count: z.string().transform(Number),
    word: z.string().default('w'),
    maybe: z.int().optional(),
    times: input(z.int(), { default: 2 }),
  },
  outputs: { text: z.string(), more: z.int().optional() },
  run: (inputs, context) => {
    expectTypeOf(inputs).toEqualTypeOf<{ when: Date; count: number; word: string; maybe: number | undefined; times: number }>();
    expectTypeOf(context.args).toEqualTypeOf<{ mode: 'fast' | 'exact'; depth: number }>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(context.cpus).toEqualTypeOf<number>();
    return { text: 'x' };
  },
});

// What others must give is what the schemas accept; inputs with a default may be left out; `any` and `unknown` may not.
const full = Full();
expectTypeOf<NeedsOf<typeof full>>().toEqualTypeOf<{
  when: Date;
  count: string;
  word?: string | undefined;
  maybe?: number | undefined;
  times?: number;
}>();
const Anything = task({ name: 'Anything', inputs: { a: z.unknown() }, run: () => {} });
const anything = Anything();
expectTypeOf<NeedsOf<typeof anything>>().toEqualTypeOf<{ a: unknown }>();

// One output: the record or the bare value, awaited or not.
const one = { name: 'One', outputs: { o: z.int() } };
task({ ...one, run: () => 1 });
task({ ...one, run: () => ({ o: 1 }) });
task({ ...one, run: async () => 1 });
task({ ...one, run: async () => ({ o: 1 }) });
// @ts-expect-error another type
task({ ...one, run: () => 'x' });
// @ts-expect-error another name
task({ ...one, run: () => ({ p: 1 }) });
// @ts-expect-error nothing
task({ ...one, run: () => {} });

// A bare value that may itself look like the record of outputs has to be written as the record.
task({ name: 'T', outputs: { o: z.record(z.string(), z.int()) }, run: () => ({ o: { x: 1 } }) });
// @ts-expect-error could be either
task({ name: 'T', outputs: { o: z.record(z.string(), z.int()) }, run: (): Record<string, number> => ({ x: 1 }) });

// Several outputs: all of them, and the optional ones as one likes.
const several = { name: 'Several', outputs: { a: z.int(), b: z.string().optional() } };
task({ ...several, run: () => ({ a: 1 }) });
task({ ...several, run: () => ({ a: 1, b: 'x' }) });
// @ts-expect-error `a` is missing
task({ ...several, run: () => ({ b: 'x' }) });
// @ts-expect-error with several outputs there is no bare value
task({ ...several, run: () => 1 });

// No outputs: nothing is returned.
task({ name: 'None', run: () => {} });
task({ name: 'None', run: async () => {} });
// @ts-expect-error a value that nobody declared
task({ name: 'None', run: () => 1 });

// Options.
task({ name: 'Options', timeout: '2h30m', retries: { max: 2, delay: 1.5 }, env: { A: 'b' }, isolate: true, run: () => {} });
// @ts-expect-error no duration
task({ name: 'Options', timeout: '5 minutes', run: () => {} });
// @ts-expect-error no such option
task({ name: 'Options', retry: 2, run: () => {} });

// Any Standard Schema serves.
declare const length: StandardSchemaV1<string, number>;
const Length = task({ name: 'Length', inputs: { a: length }, outputs: { b: length }, run: ({ a }) => a.toFixed() });
const ofLength = Length();
expectTypeOf<NeedsOf<typeof ofLength>>().toEqualTypeOf<{ a: string }>();

// A query's rows have the type of its schema; Slonik's pool is such a database.
declare const context: Context;
declare const pool: DatabasePool;
const database: Database = pool;
const row = sql.type(z.object({ n: z.int() }))`select 1 as n`;
expectTypeOf(database.one(row)).resolves.toEqualTypeOf<{ n: number }>();
expectTypeOf(context.db.maybeOneFirst(row)).resolves.toEqualTypeOf<number | null>();
expectTypeOf(context.db.transaction((connection) => connection.any(row))).resolves.toEqualTypeOf<readonly { n: number }[]>();

type NeedsOf<C> = C extends Typed<infer T> ? T['needs'] : never;
