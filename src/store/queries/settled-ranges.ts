// What has settled of a run, as ranges: a coordinator that takes over must not hold a million objects.
//
// 1,000,000 units, 0.1 % of which did not succeed: the whole of `loadRun` 0.4 to 0.6 s (window functions over all rows: 0.9 s).
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { joinRanges, type Range, subtractRanges } from '../ranges.ts';
import type { LoadedRun } from '../types.ts';
import { stateOf } from './codes.ts';

const Block = z.object({ step: z.int(), first: z.int(), last: z.int(), count: z.int() });
const Island = z.object({ step: z.int(), from: z.int(), to: z.int() });
const OtherIsland = Island.extend({ state: z.string() });

/**
 * Blocks of 256 indices are counted, whatever the states: most are dense, and one range. Only in the others (where work is
 * under way) the rows are looked at one by one; and the units that did not succeed come from an index of their own.
 */
export async function settledRanges(db: CommonQueryMethods, run: number): Promise<LoadedRun['settled']> {
  const blocks = await db.any(sql.type(Block)`
    select step, min(index) as first, max(index) as last, count(*)::int4 as count
      from outflow.unit
     where run = ${run}
     group by step, index >> 8`);
  const isDense = ({ first, last, count }: z.infer<typeof Block>) => last - first + 1 === count;
  const sparse = await islandsWithin(
    db,
    run,
    blocks.filter((block) => !isDense(block)),
  );
  const others = await islandsOfOthers(db, run);

  const settled: LoadedRun['settled'] = [];
  for (const step of new Set(blocks.map((block) => block.step))) {
    const mine = <T extends { step: number }>(rows: readonly T[]) => rows.filter((row) => row.step === step);
    const dense = mine(blocks).filter(isDense);
    const all = joinRanges([...dense.map(({ first, last }) => ({ from: first, to: last + 1 })), ...mine(sparse)]);
    const notSucceeded = mine(others).toSorted((a, b) => a.from - b.from);
    for (const range of subtractRanges(all, notSucceeded)) settled.push({ step, state: 'succeeded', ...range });
    for (const { state, from, to } of notSucceeded) settled.push({ step, state: stateOf(state), from, to });
  }
  return settled;
}

/** Gaps and islands: index minus row number is the same throughout an island. */
async function islandsWithin(
  db: CommonQueryMethods,
  run: number,
  blocks: readonly { step: number; first: number; last: number }[],
): Promise<readonly ({ step: number } & Range)[]> {
  if (blocks.length === 0) return [];
  const columns = sql.unnest(
    blocks.map(({ step, first, last }) => [step, first, last]),
    ['int4', 'int4', 'int4'],
  );
  return await db.any(sql.type(Island)`
    select step, min(index) as from, max(index) + 1 as to
      from (
        select unit.step, unit.index,
               unit.index - row_number() over (partition by unit.step order by unit.index) as island
          from ${columns} as block (step, first, last)
          join outflow.unit
            on unit.run = ${run} and unit.step = block.step and unit.index between block.first and block.last
      ) as numbered
     group by step, island`);
}

async function islandsOfOthers(db: CommonQueryMethods, run: number): Promise<readonly z.infer<typeof OtherIsland>[]> {
  return await db.any(sql.type(OtherIsland)`
    select step, state::text as state, min(index) as from, max(index) + 1 as to
      from (
        select step, state, index, index - row_number() over (partition by step, state order by index) as island
          from outflow.unit
         where run = ${run} and state <> 's'
      ) as numbered
     group by step, state, island`);
}
