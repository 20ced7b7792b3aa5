// A cancel is a durable wish, which the run's holder reads.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';

/** False: the run has ended, and nothing was stored. */
export async function requestCancel(db: CommonQueryMethods, run: number): Promise<boolean> {
  const { ended } = await db.one(sql.type(z.object({ ended: z.boolean() }))`
    with asked as (
      insert into outflow.run_cancel (run)
      select ${run}::int4 where not exists (select from outflow.run_end where run = ${run})
      on conflict do nothing
    )
    select exists (select from outflow.run_end where run = ${run}) as ended`);
  return !ended;
}

export async function cancelRequested(db: CommonQueryMethods, run: number): Promise<boolean> {
  return await db.exists(sql.typeAlias('void')`select from outflow.run_cancel where run = ${run}`);
}
