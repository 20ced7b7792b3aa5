// Types flow through chains: what is needed, given and read follows from the schemas, and what does not fit does not compile.
import { join, task } from 'outflow';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import type { DuplicateOutput, FitsBehind, NoDuplicates, Typed, WrongType } from '../../src/sdk/types.ts';

const Numbers = task({ name: 'Numbers', outputs: { numbers: z.array(z.int()) }, run: () => [1] });
const Words = task({ name: 'Words', outputs: { words: z.array(z.string()) }, run: () => ['a'] });
const Sum = task({ name: 'Sum', inputs: { numbers: z.array(z.int()) }, outputs: { sum: z.int() }, run: () => 1 });
const Show = task({ name: 'Show', inputs: { sum: z.int(), words: z.array(z.string()) }, run: () => {} });
const TextNumbers = task({ name: 'TextNumbers', outputs: { numbers: z.array(z.string()) }, run: () => ['1'] });

// A task's type says what it needs, gives and reads, in plain types.
const sum = Sum();
expectTypeOf<Types<typeof sum>>().toEqualTypeOf<{ needs: { numbers: number[] }; gives: [{ sum: number }]; reads: {} }>();

// Piping serves needs by name; what is left stays visible.
const chain = Numbers().pipe(Sum());
expectTypeOf<Types<typeof chain>>().toEqualTypeOf<{ needs: {}; gives: [{ sum: number }]; reads: {} }>();
const lacking = chain.pipe(Show());
expectTypeOf<Types<typeof lacking>['later']>().toEqualTypeOf<{ words: string[] }>();

// @ts-expect-error numbers are wanted, texts are given
TextNumbers().pipe(Sum());
// … and the error names the input with both types.
expectTypeOf<FitsBehind<{ numbers: string[] }, { numbers: number[] }>>().toEqualTypeOf<
  WrongType<'numbers', string[], number[]>
>();

// Data flows only from what is piped in directly.
const far = Words().pipe(Numbers()).pipe(Sum()).pipe(Show());
expectTypeOf<Types<typeof far>['later']>().toEqualTypeOf<{ words: string[] }>();

// Joined chains give the outputs of all of them …
const served = join(chain, Words()).pipe(Show());
expectTypeOf<Types<typeof served>>().toEqualTypeOf<{ needs: {}; gives: [{}]; reads: {} }>();
const joined = join(chain, Words());
expectTypeOf<Types<typeof joined>['gives']>().toEqualTypeOf<[{ sum: number }, { words: string[] }]>();
// @ts-expect-error … and may not give two outputs of one name
join(Numbers(), TextNumbers());
const [numbers, textNumbers] = [Numbers(), TextNumbers()];
expectTypeOf<NoDuplicates<[typeof numbers, typeof textNumbers]>>().toEqualTypeOf<DuplicateOutput<'numbers'>>();

// Binding a value takes the need away.
const bound = Show({ words: ['x'] });
expectTypeOf<Types<typeof bound>['needs']>().toEqualTypeOf<{ sum: number }>();
const boundBoth = Show({ words: ['x'], sum: 1 });
expectTypeOf<Types<typeof boundBoth>['needs']>().toEqualTypeOf<{}>();
// @ts-expect-error the value has another type
Show({ words: [1] });
// @ts-expect-error there is no such input
Show({ word: ['x'] });
// @ts-expect-error a task is called before it is piped
Numbers().pipe(Sum);

type Types<C> = C extends Typed<infer T> ? T : never;
