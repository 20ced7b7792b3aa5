// Accepts a run: its row, and the lease that nobody holds yet.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { cleanText } from '../clean-text.ts';
import type { RunRecord } from '../types.ts';

/**
 * Gives the run's key. May be repeated: a run of that id is left as it is, and null given. Its bundle is stored before, so that no run
 * is without one.
 */
export async function createRun(db: CommonQueryMethods, record: RunRecord): Promise<number | null> {
  return await db.maybeOneFirst(sql.type(z.object({ run: z.int() }))`
    with accepted as (
      insert into outflow.run (
        id, created_at, command, pipeline_file, workdir, args, plan, plan_hash, bundle_hash,
        backend, workers, slurm, run_dir, host, username, outflow_version
      )
      values (
        ${record.id}, ${sql.timestamp(record.createdAt)}, ${record.command}, ${cleanText(record.pipelineFile)},
        ${cleanText(record.workdir)}, ${cleanText(record.args)}, ${cleanText(record.plan)}, ${record.planHash}, ${record.bundleHash},
        ${record.backend}, ${record.workers}, ${record.slurm && cleanText(JSON.stringify(record.slurm))},
        ${cleanText(record.runDir)}, ${record.host}, ${record.user}, ${record.outflowVersion}
      )
      on conflict (id) do nothing
      returning key
    )
    insert into outflow.run_lease (run)
    select key from accepted
    returning run`);
}
