// A run's row as it is read: its columns, its schema, and the record and summary made of it.
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { LIMITS } from '../../model/limits.ts';
import { type Failure, RUN_END_STATES, type RunState } from '../../model/states.ts';
import { BACKENDS } from '../../plan/plan.ts';
import type { SlurmSettings } from '../../plan/slurm.ts';
import type { RunRecord, RunSummary } from '../types.ts';

export const RECORD_COLUMNS = sql.fragment`
  run.id, run.created_at, run.command, run.pipeline_file, run.workdir, run.args, run.plan, run.plan_hash, run.bundle_hash,
  run.backend, run.workers, run.slurm, run.run_dir, run.host, run.username, run.outflow_version`;

export const RecordRow = z.object({
  id: z.string(),
  created_at: z.date(),
  command: z.string(),
  pipeline_file: z.string(),
  workdir: z.string(),
  args: z.string(),
  plan: z.string(),
  plan_hash: z.string(),
  bundle_hash: z.string(),
  backend: z.enum(BACKENDS),
  workers: z.int().nullable(),
  slurm: z.string().nullable(),
  run_dir: z.string(),
  host: z.string(),
  username: z.string(),
  outflow_version: z.string(),
});

export function recordOf(row: z.infer<typeof RecordRow>): RunRecord {
  return {
    id: row.id,
    createdAt: row.created_at,
    command: row.command,
    pipelineFile: row.pipeline_file,
    workdir: row.workdir,
    args: row.args,
    plan: row.plan,
    planHash: row.plan_hash,
    bundleHash: row.bundle_hash,
    backend: row.backend,
    workers: row.workers,
    slurm: row.slurm === null ? null : (JSON.parse(row.slurm) as SlurmSettings), // what createRun wrote
    runDir: row.run_dir,
    host: row.host,
    user: row.username,
    outflowVersion: row.outflow_version,
  };
}

/** All by the database's clock. A run that nobody ever took is orphaned once its coordinator has had its time to start. */
export const SUMMARY_COLUMNS = sql.fragment`
  ${RECORD_COLUMNS},
  lease.epoch, lease.host as holder_host, lease.pid as holder_pid, lease.address as holder_address,
  lease.expires_at > clock_timestamp() as is_held,
  isfinite(lease.expires_at) as has_holder,
  run.created_at > clock_timestamp() - make_interval(secs => ${LIMITS.startMs / 1000}) as is_young,
  run_cancel.run is not null as is_cancelled,
  run_end.state as end_state, run_end.ended_at, run_end.failure,
  run.backend = 'slurm' and run_end.run is null and (
    select coalesce(bool_and(newest.state = 'asked'), false)
      from (select distinct on (id) state from outflow.allocation_event event
             where event.run = run.key and event.provider = 'slurm' order by id, key desc) newest
     where newest.state <> 'ended') as waits`;

export const SUMMARY_TABLES = sql.fragment`
  outflow.run
  join outflow.run_lease lease on lease.run = run.key
  left join outflow.run_cancel on run_cancel.run = run.key
  left join outflow.run_end on run_end.run = run.key`;

export const SummaryRow = RecordRow.extend({
  epoch: z.int(),
  holder_host: z.string(),
  holder_pid: z.int(),
  holder_address: z.string(),
  is_held: z.boolean(),
  has_holder: z.boolean(),
  is_young: z.boolean(),
  is_cancelled: z.boolean(),
  end_state: z.enum(RUN_END_STATES).nullable(),
  ended_at: z.date().nullable(),
  failure: z.string().nullable(),
  waits: z.boolean(),
});

export function summaryOf(row: z.infer<typeof SummaryRow>): RunSummary {
  const hasHolder = row.has_holder && row.end_state === null;
  return {
    record: recordOf(row),
    state: stateOfRun(row),
    epoch: row.epoch,
    holder: hasHolder ? { host: row.holder_host, pid: row.holder_pid, address: row.holder_address } : null,
    endedAt: row.ended_at,
    failure: parseFailure(row.failure),
    waits: row.is_held && row.waits,
  };
}

function stateOfRun(row: z.infer<typeof SummaryRow>): RunState {
  if (row.end_state !== null) return row.end_state;
  if (row.is_held) return row.is_cancelled ? 'cancelling' : 'running';
  return row.epoch === 0 && row.is_young ? 'accepted' : 'orphaned';
}

/** What `JSON.stringify` wrote of a `Failure`. */
export function parseFailure(text: string | null): Failure | null {
  return text === null ? null : (JSON.parse(text) as Failure);
}
