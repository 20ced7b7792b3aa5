// Runs as people ask for them: by the beginning of their id, the newest, the last few.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { OutflowError } from '../../model/errors.ts';
import type { RunSummary } from '../types.ts';
import { SUMMARY_COLUMNS, SUMMARY_TABLES, SummaryRow, summaryOf } from './run-row.ts';

const NAMED = 5;

/** Errors `unknown-run`; `ambiguous-run`, which names up to five. A whole id is never ambiguous. */
export async function findRun(db: CommonQueryMethods, text: string): Promise<RunSummary> {
  const name = text.trim().toLowerCase();
  const where = name === 'last' ? sql.fragment`true` : sql.fragment`starts_with(run.id, ${name})`;
  const limit = name === 'last' ? 1 : NAMED + 1;
  const rows = await db.any(sql.type(SummaryRow)`
    select ${SUMMARY_COLUMNS}
      from ${SUMMARY_TABLES}
     where ${where}
     order by run.id = ${name} desc, run.key desc
     limit ${limit}`);
  const [first] = rows;
  if (first === undefined || name === '') throw unknownRun(text);
  if (rows.length === 1 || first.id === name) return summaryOf(first);

  const shown = rows.slice(0, NAMED).map(({ id }) => id);
  throw new OutflowError('ambiguous-run', `${text} begins several runs: ${shown.join(', ')}${rows.length > NAMED ? ', …' : ''}`, {
    hint: 'type more of the id',
  });
}

export async function listRuns(db: CommonQueryMethods, limit: number): Promise<RunSummary[]> {
  const rows = await db.any(sql.type(SummaryRow)`
    select ${SUMMARY_COLUMNS} from ${SUMMARY_TABLES} order by run.key desc limit ${limit}`);
  return rows.map(summaryOf);
}

/** The key of a run by its whole id. Error `unknown-run`. */
export async function runKey(db: CommonQueryMethods, id: string): Promise<number> {
  const key = await db.maybeOneFirst(sql.type(z.object({ key: z.int() }))`select key from outflow.run where id = ${id}`);
  if (key === null) throw unknownRun(id);
  return key;
}

export function unknownRun(text: string): OutflowError {
  if (text === 'last') return new OutflowError('unknown-run', 'there is no run yet', { hint: 'start one: outflow run COMMAND' });
  return new OutflowError('unknown-run', `there is no run ${JSON.stringify(text)}`, { hint: 'see the runs: outflow runs' });
}
