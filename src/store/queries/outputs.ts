// Outputs of units as raw texts, for a reduce and for `results`.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { SEPARATOR } from './columns.ts';

export interface UnitOutput {
  index: number;
  output: string | null;
  failure: string | null;
}

const PAGE_INDICES = 4_096;
const PAGE_BYTES = 16 * 1024 * 1024;

/**
 * In index order, in pages of at most 4,096 rows and 16 MiB (one larger output is a page of its own). A page is a range of
 * indices, not a `limit`, which on a table without statistics would sort all that is left; it is halved until it fits, for
 * Postgres knows the sizes without reading the texts. It comes as one row, its texts joined by the separator that they were
 * stored with. 1,000,000 outputs of 30 bytes: 1.7 s.
 */
export async function* unitOutputs(db: CommonQueryMethods, run: number, step: number): AsyncGenerator<UnitOutput[]> {
  const end = (await lastIndex(db, run, step)) + 1;
  let indices = PAGE_INDICES;
  for (let from = 0; from < end; ) {
    const to = Math.min(from + indices, end);
    const { rows, bytes } = await sizeBetween(db, run, step, from, to);
    if (bytes > PAGE_BYTES && to - from > 1) {
      indices = Math.ceil((to - from) / 2);
      continue;
    }
    if (rows > 0) yield await readPage(db, { run, step, from, to }, rows);
    if (bytes < PAGE_BYTES / 4) indices = Math.min(indices * 2, PAGE_INDICES);
    from = to;
  }
}

const Size = z.object({ rows: z.number(), bytes: z.number() });

async function sizeBetween(
  db: CommonQueryMethods,
  run: number,
  step: number,
  from: number,
  to: number,
): Promise<z.infer<typeof Size>> {
  return await db.one(sql.type(Size)`
    select count(*) as rows, coalesce(sum(octet_length(output)), 0) as bytes
      from outflow.unit
     where run = ${run} and step = ${step} and index >= ${from} and index < ${to}`);
}

const Page = z.object({ indexes: z.string(), outputs: z.string() });

async function readPage(
  db: CommonQueryMethods,
  { run, step, from, to }: { run: number; step: number; from: number; to: number },
  rows: number,
): Promise<UnitOutput[]> {
  const isWhole = rows === to - from;
  const indexes = isWhole ? sql.fragment`''` : sql.fragment`string_agg(index::text, ',')`;
  const page = await db.one(sql.type(Page)`
    select ${indexes} as indexes, string_agg(output, ${SEPARATOR}::text) as outputs
      from (
        select index, output
          from outflow.unit
         where run = ${run} and step = ${step} and index >= ${from} and index < ${to}
         order by index
      ) as ordered`);
  const failures = await failuresBetween(db, run, step, from, to);
  const named = isWhole ? undefined : page.indexes.split(',');
  return page.outputs.split(SEPARATOR).map((output, i) => {
    const index = named ? Number(named[i]) : from + i;
    return { index, output: output === '' ? null : output, failure: failures.get(index) ?? null };
  });
}

/** -1: no unit of the step has settled. */
async function lastIndex(db: CommonQueryMethods, run: number, step: number): Promise<number> {
  const last = await db.oneFirst(sql.type(z.object({ last: z.int().nullable() }))`
    select max(index) as last from outflow.unit where run = ${run} and step = ${step}`);
  return last ?? -1;
}

const FailureRow = z.object({ index: z.int(), failure: z.string() });

async function failuresBetween(
  db: CommonQueryMethods,
  run: number,
  step: number,
  from: number,
  to: number,
): Promise<ReadonlyMap<number, string>> {
  const rows = await db.any(sql.type(FailureRow)`
    select index, failure from outflow.unit_failure
     where run = ${run} and step = ${step} and index >= ${from} and index < ${to}`);
  return new Map(rows.map(({ index, failure }) => [index, failure]));
}

/** Null: it has not settled, or has no output. */
export async function unitOutput(db: CommonQueryMethods, run: number, step: number, index: number): Promise<string | null> {
  const output = await db.maybeOneFirst(sql.type(z.object({ output: z.string() }))`
    select output from outflow.unit where run = ${run} and step = ${step} and index = ${index}`);
  return output === '' ? null : output;
}
