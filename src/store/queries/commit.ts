// The hot path: all that a coordinator commits at once, in one statement where it can.
//
// The statement begins by moving the lease row on, at the holder's epoch and past the number of the last batch; every insert
// selects from that one row. No row: fenced, or repeated, and nothing is written. One statement means one round trip, one
// flush of the log, and no transaction that a stopped process leaves open.
//
// Embedded server, 2 cores, both ends on them: see `insertUnits`.
import type { CommonQueryMethods, DatabasePool, FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import type { CommitBatch, LogRow } from '../types.ts';
import {
  insertAgentEvents,
  insertAgentReports,
  insertAllocationEvents,
  insertAttempts,
  insertEnd,
  insertStepEvents,
  insertUnitFailures,
} from './commit-events.ts';
import { insertLogs, splitLogs } from './insert-logs.ts';
import { insertUnits, type OnConflict, splitUnits, type UnitColumns, unitColumns } from './insert-units.ts';

export interface CommitTarget {
  run: number;
  epoch: number;
  /** Keys of all agents that the batch names. */
  agentKeys: ReadonlyMap<string, number>;
  /** `raise`: an index that has settled before is an error (23505); a third faster than to leave it alone. */
  onConflict: OnConflict;
}

const Fence = z.object({ run: z.int(), log_base: z.number() });

/** `none`: the lease row did not match; ask `readFence` why. */
export async function commitBatch(pool: DatabasePool, target: CommitTarget, batch: CommitBatch): Promise<'committed' | 'none'> {
  const units = splitUnits(unitColumns(batch.units ?? [], target.agentKeys));
  const logs = splitLogs(batch.logs ?? []);
  if (units.length <= 1 && logs.length <= 1) {
    return (await commitFirst(pool, target, batch, units[0], logs[0])) ? 'committed' : 'none';
  }
  // More text than one statement should carry: the same transaction goes on.
  return await pool.transaction(async (db) => {
    const fence = await commitFirst(db, target, batch, units[0], logs[0]);
    if (fence === null) return 'none';
    const row = sql.fragment`(select ${fence.run}::int4 as run, ${fence.log_base}::int8 as log_base) as fence`;
    for (const part of units.slice(1)) await db.query(sql.typeAlias('void')`${insertUnits(part, row, target.onConflict)}`);
    for (const part of logs.slice(1)) await db.query(sql.typeAlias('void')`${insertLogs(part, row)}`);
    return 'committed';
  });
}

async function commitFirst(
  db: CommonQueryMethods,
  target: CommitTarget,
  batch: CommitBatch,
  units: UnitColumns | undefined,
  logs: { rows: readonly LogRow[]; offset: number } | undefined,
): Promise<z.infer<typeof Fence> | null> {
  const { run, epoch, agentKeys } = target;
  const fence = sql.fragment`fence`;
  const parts: [name: string, insert: FragmentSqlToken | null][] = [
    ['u', units ? insertUnits(units, fence, target.onConflict) : null],
    ['f', insertUnitFailures(batch.units ?? [], fence)],
    ['a', insertAttempts(batch.attempts ?? [], agentKeys, fence)],
    ['l', logs ? insertLogs(logs, fence) : null],
    ['s', insertStepEvents(batch.steps ?? [], fence)],
    ['g', insertAgentEvents(batch.agents ?? [], fence)],
    ['r', insertAgentReports(batch.agentReports ?? [], fence)],
    ['p', insertAllocationEvents(batch.allocations ?? [], fence)],
    ['e', batch.end ? insertEnd(batch.end, fence) : null],
  ];
  const present = parts.filter((part): part is [string, FragmentSqlToken] => part[1] !== null);
  const inserts = present.map(([name, insert]) => sql.fragment`, ${sql.identifier([`insert_${name}`])} as (${insert})`);
  // Prepared once a connection for each combination of parts that occurs: planning would take longer than a small batch.
  const name = `commit_${target.onConflict}_${present.map(([letter]) => letter).join('')}`;
  const commitId = batch.commitId ?? null;
  return await db.maybeOne(sql.prepared(name, Fence)`
    with fence as (
      update outflow.run_lease
         set commit_id = coalesce(${commitId}::int8, commit_id), log_id = log_id + ${batch.logs?.length ?? 0}
       where run = ${run} and epoch = ${epoch} and (${commitId}::int8 is null or commit_id < ${commitId}::int8)
      returning run, log_id - ${batch.logs?.length ?? 0} as log_base
    )${inserts.length > 0 ? sql.join(inserts, sql.fragment``) : sql.fragment``}
    select run, log_base from fence`);
}

/** Why nothing was written: the batch had been committed before, or a higher epoch holds the run. */
export async function readFence(db: CommonQueryMethods, run: number, epoch: number): Promise<'repeated' | 'fenced'> {
  const now = await db.oneFirst(sql.type(z.object({ epoch: z.int() }))`select epoch from outflow.run_lease where run = ${run}`);
  return now === epoch ? 'repeated' : 'fenced';
}
