// All that a coordinator loads after it took a run; the newest event of each step, agent and allocation counts.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import type { Failure } from '../../model/states.ts';
import { STEP_STATES } from '../../model/states.ts';
import type { AgentRow, AllocationRow, LoadedRun, StepRow } from '../types.ts';
import { cancelRequested } from './cancel.ts';
import { parseFailure, RECORD_COLUMNS, RecordRow, recordOf } from './run-row.ts';
import { settledRanges } from './settled-ranges.ts';

export async function loadRun(db: CommonQueryMethods, run: number, epoch: number): Promise<LoadedRun> {
  const record = await db.one(sql.type(RecordRow)`select ${RECORD_COLUMNS} from outflow.run where key = ${run}`);
  return {
    record: recordOf(record),
    epoch,
    cancelRequested: await cancelRequested(db, run),
    steps: await latestSteps(db, run),
    settled: await settledRanges(db, run),
    attempts: await openAttempts(db, run),
    failures: await failures(db, run),
    agents: await latestAgents(db, run),
    agentReports: await agentReports(db, run),
    allocations: await latestAllocations(db, run),
  };
}

const StepEvent = z.object({
  step: z.int(),
  at_ms: z.number(),
  total: z.number().nullable(),
  state: z.enum(STEP_STATES),
  outputs: z.string().nullable(),
  failure: z.string().nullable(),
});

export async function latestSteps(db: CommonQueryMethods, run: number): Promise<StepRow[]> {
  const rows = await db.any(sql.type(StepEvent)`
    select distinct on (step) step, at_ms, total, state, outputs, failure
      from outflow.step_event where run = ${run} order by step, key desc`);
  return rows.map(({ at_ms, failure, ...row }) => ({ ...row, atMs: at_ms, failure: parseFailure(failure) }));
}

const OpenAttempt = z.object({
  step: z.int(),
  index: z.int(),
  attempts: z.int(),
  failures: z.int(),
  losses: z.int(),
  cut_offs: z.int(),
  last_failure: z.string(),
});

/** The history of units that have not settled. */
async function openAttempts(db: CommonQueryMethods, run: number): Promise<LoadedRun['attempts']> {
  const rows = await db.any(sql.type(OpenAttempt)`
    select step, index, max(attempt) as attempts,
           (count(*) filter (where not loss))::int4 as failures,
           (count(*) filter (where loss))::int4 as losses,
           (count(*) filter (where outflow.as_jsonb(failure) @> '{"hadWholeTime": true}'))::int4 as cut_offs,
           (array_agg(failure order by key desc))[1] as last_failure
      from outflow.attempt
     where run = ${run}
       and not exists (select from outflow.unit where (unit.run, unit.step, unit.index) = (attempt.run, attempt.step, attempt.index))
     group by step, index
     order by step, index`);
  return rows.map(({ last_failure, cut_offs, ...row }) => ({
    ...row,
    cutOffs: cut_offs,
    lastFailure: parseFailure(last_failure) as Failure,
  }));
}

const UnitFailure = z.object({ step: z.int(), index: z.int(), failure: z.string() });

async function failures(db: CommonQueryMethods, run: number): Promise<LoadedRun['failures']> {
  const rows = await db.any(sql.type(UnitFailure)`
    select step, index, failure from outflow.unit_failure where run = ${run} order by step, index`);
  return rows.map(({ failure, ...row }) => ({ ...row, failure: parseFailure(failure) as Failure }));
}

const AgentEvent = z.object({
  id: z.string(),
  at_ms: z.number(),
  state: z.enum(['connected', 'lost', 'left']),
  allocation: z.string(),
  host: z.string(),
  pid: z.int(),
  cpus: z.int(),
  version: z.string(),
});

async function latestAgents(db: CommonQueryMethods, run: number): Promise<AgentRow[]> {
  const rows = await db.any(sql.type(AgentEvent)`
    select distinct on (id) id, at_ms, state, allocation, host, pid, cpus, version
      from outflow.agent_event where run = ${run} order by id, key desc`);
  return rows.map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }));
}

async function agentReports(db: CommonQueryMethods, run: number): Promise<LoadedRun['agentReports']> {
  const rows = await db.any(sql.type(z.object({ agent: z.string(), seq: z.number() }))`
    select id as agent, seq from outflow.agent_report where run = ${run} order by id`);
  return [...rows];
}

const AllocationEvent = z.object({
  id: z.string(),
  at_ms: z.number(),
  provider: z.enum(['local', 'slurm']),
  state: z.enum(['asked', 'running', 'ended']),
  detail: z.string().transform((text) => JSON.parse(text) as Record<string, unknown>),
});

async function latestAllocations(db: CommonQueryMethods, run: number): Promise<AllocationRow[]> {
  const rows = await db.any(sql.type(AllocationEvent)`
    select distinct on (id) id, at_ms, provider, state, detail
      from outflow.allocation_event where run = ${run} order by id, key desc`);
  return rows.map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }));
}
