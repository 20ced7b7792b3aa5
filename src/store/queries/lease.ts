// The lease of a run: taken, renewed, given back. Expiry is by the database's clock; only a higher epoch ends a holder.
import type { CommonQueryMethods, DatabasePool } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { RUN_END_STATES } from '../../model/states.ts';
import type { Holder, TakeResult } from '../types.ts';

const Lease = z.object({
  epoch: z.int(),
  host: z.string(),
  pid: z.int(),
  address: z.string(),
  /** Null: it was given back, or nobody ever took it. */
  expires_in_ms: z.number().nullable(),
  end_state: z.enum(RUN_END_STATES).nullable(),
});

const lockedLease = (run: number) => sql.type(z.object({ run: z.int() }))`
  select run from outflow.run_lease where run = ${run} for update`;

/** Read after the lock is held, by a statement of its own: so it sees what the last holder committed meanwhile. */
const leaseNow = (run: number) => sql.type(Lease)`
  select lease.epoch, lease.host, lease.pid, lease.address,
         case when isfinite(lease.expires_at)
              then extract(epoch from lease.expires_at - clock_timestamp())::float8 * 1000 end as expires_in_ms,
         run_end.state as end_state
    from outflow.run_lease lease
    left join outflow.run_end on run_end.run = lease.run
   where lease.run = ${run}`;

/** Waits for a commit of the present holder that is under way. A higher epoch begins to count its commits anew. */
export async function takeLease(
  pool: DatabasePool,
  run: number,
  holder: Holder,
  leaseMs: number,
  evenIfHeld: { epoch: number } | undefined,
): Promise<TakeResult> {
  return await pool.transaction(async (db) => {
    await db.one(lockedLease(run));
    const { epoch, end_state, expires_in_ms, ...before } = await db.one(leaseNow(run));
    if (end_state !== null) return { kind: 'ended', state: end_state };
    if (expires_in_ms !== null && expires_in_ms > 0 && evenIfHeld?.epoch !== epoch) {
      return { kind: 'held', holder: before, epoch, expiresInMs: Math.ceil(expires_in_ms) };
    }
    await db.query(sql.typeAlias('void')`
      update outflow.run_lease
         set epoch = ${epoch + 1}, host = ${holder.host}, pid = ${holder.pid}, address = ${holder.address},
             expires_at = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}), commit_id = 0
       where run = ${run}`);
    return { kind: 'taken', epoch: epoch + 1 };
  });
}

/** False: there is a higher epoch. An expired lease that nobody took meanwhile is renewed. */
export async function renewLease(db: CommonQueryMethods, run: number, epoch: number, leaseMs: number): Promise<boolean> {
  const { rowCount } = await db.query(sql.typeAlias('void')`
    update outflow.run_lease
       set expires_at = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
     where run = ${run} and epoch = ${epoch}`);
  return rowCount === 1;
}

export async function releaseLease(db: CommonQueryMethods, run: number, epoch: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    update outflow.run_lease set expires_at = '-infinity' where run = ${run} and epoch = ${epoch}`);
}
