// Log lines in commit order, read on from an id: `logs`, and `logs -f`, which asks again.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { errorCode, messageOf } from '../../db/errors.ts';
import { sql } from '../../db/sql.ts';
import { OutflowError } from '../../model/errors.ts';
import { cleanText } from '../clean-text.ts';
import type { LogQuery, StoredLog } from '../types.ts';
import { levelOf, streamOf } from './codes.ts';

const Row = z.object({
  id: z.number(),
  at_ms: z.number(),
  step: z.int().nullable(),
  index: z.int().nullable(),
  attempt: z.int().nullable(),
  seq: z.int(),
  stream: z.string().transform(streamOf),
  level: z.string().transform(levelOf),
  text: z.string(),
});

const INVALID_REGULAR_EXPRESSION = '2201B';

/** Error `bad-flag` when `grep` is no regular expression. */
export async function readLogs(db: CommonQueryMethods, run: number, query: Omit<LogQuery, 'run'>): Promise<StoredLog[]> {
  const conditions = [sql.fragment`run = ${run}`, sql.fragment`id > ${query.after ?? 0}`];
  if (query.step !== undefined) conditions.push(sql.fragment`step = ${query.step}`);
  if (query.index !== undefined) conditions.push(sql.fragment`index = ${query.index}`);
  if (query.sinceMs !== undefined) conditions.push(sql.fragment`at_ms >= ${Math.round(query.sinceMs)}`);
  if (query.grep !== undefined) conditions.push(sql.fragment`text ~ ${cleanText(query.grep)}`);
  if (query.failedOnly) {
    conditions.push(
      sql.fragment`(run, step, index) in (select run, step, index from outflow.unit where run = ${run} and state = 'f')`,
    );
  }
  try {
    const rows = await db.any(sql.type(Row)`
      select id, at_ms, step, index, attempt, seq, stream::text as stream, level::text as level, text
        from outflow.log
       where ${sql.join(conditions, sql.fragment` and `)}
       order by id
       limit ${query.limit}`);
    return rows.map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }));
  } catch (error) {
    if (errorCode(error) !== INVALID_REGULAR_EXPRESSION) throw error;
    throw new OutflowError('bad-flag', `${JSON.stringify(query.grep)} is not a regular expression: ${messageOf(error)}`, {
      hint: "Postgres's regular expressions (POSIX, with \\d, \\s, \\w, \\m …)",
      cause: error,
    });
  }
}
