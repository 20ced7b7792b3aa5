// Which runs some coordinator holds right now: asked before the embedded server is stopped, and before a breaking migration.
import { z } from 'zod';
import type { Client } from '../../db/client.ts';

const Row = z.object({ id: z.string() });

/** Empty also where outflow's tables are not there yet. */
export async function liveRunIds(client: Client): Promise<string[]> {
  const table = await client.query(`select to_regclass('outflow.run_lease') is not null as found`);
  if (!table.rows[0].found) return [];
  const { rows } = await client.query(
    `select run.id
       from outflow.run_lease lease
       join outflow.run on run.key = lease.run
      where lease.expires_at > clock_timestamp()
        and not exists (select from outflow.run_end where run_end.run = lease.run)
      order by run.key`,
  );
  return z
    .array(Row)
    .parse(rows)
    .map(({ id }) => id);
}
