// Short keys for agents' ids, which every row of a unit would repeat otherwise.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { texts } from './columns.ts';

const Key = z.object({ id: z.string(), key: z.int() });

/** Makes those that are missing. Once an agent; outside of the commit, since a key without rows harms nobody. */
export async function agentKeys(db: CommonQueryMethods, run: number, ids: readonly string[]): Promise<Map<string, number>> {
  await db.query(sql.typeAlias('void')`
    insert into outflow.agent_name (run, id)
    select ${run}, id from unnest(${texts(ids)}) as id
    on conflict do nothing`);
  const rows = await db.any(sql.type(Key)`
    select id, key from outflow.agent_name where run = ${run} and id = any(${texts(ids)})`);
  return new Map(rows.map(({ id, key }) => [id, key]));
}
