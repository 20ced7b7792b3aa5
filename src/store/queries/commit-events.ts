// The rarer parts of a commit: failures, attempts, and what happened to steps, agents and allocations. Each gives an insert that
// selects from the fence, or null when there is nothing to insert.
import type { FragmentSqlToken } from 'slonik';
import { sql } from '../../db/sql.ts';
import { cleanText } from '../clean-text.ts';
import type { AgentRow, AllocationRow, AttemptRow, CommitBatch, StepRow, UnitBatch } from '../types.ts';
import { integers, texts } from './columns.ts';

type Fence = FragmentSqlToken;
type Insert = FragmentSqlToken | null;

/** A column of the rows as an array parameter. */
const ints = <Row>(rows: readonly Row[], of: (row: Row) => number) => integers(rows.map(of), 'int4');
const longs = <Row>(rows: readonly Row[], of: (row: Row) => number) => integers(rows.map(of), 'int8');
const strings = <Row>(rows: readonly Row[], of: (row: Row) => string | null) => texts(rows.map(of));
const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export function insertUnitFailures(batches: readonly UnitBatch[], fence: Fence): Insert {
  const rows: { step: number; index: number; failure: string }[] = [];
  for (const { step, index, failure } of batches) {
    for (let i = 0; i < failure.length; i++) {
      const text = failure[i] ?? null;
      if (text !== null) rows.push({ step, index: index[i] as number, failure: text });
    }
  }
  if (rows.length === 0) return null;
  return sql.fragment`
    insert into outflow.unit_failure (run, step, index, failure)
    select fence.run, failed.*
      from ${fence}, unnest(
             ${ints(rows, (row) => row.step)},
             ${ints(rows, (row) => row.index)},
             ${strings(rows, (row) => row.failure)}
           ) as failed
    on conflict do nothing`;
}

export function insertAttempts(rows: readonly AttemptRow[], agentKeys: ReadonlyMap<string, number>, fence: Fence): Insert {
  if (rows.length === 0) return null;
  const losses = rows.map(({ loss }) => (loss === null ? null : loss ? 1 : 0));
  return sql.fragment`
    insert into outflow.attempt (run, step, index, attempt, agent, ended_at_ms, failure, loss)
    select fence.run, ended.step, ended.index, ended.attempt, ended.agent, ended.at_ms, ended.failure, ended.loss::bool
      from ${fence}, unnest(
             ${ints(rows, (row) => row.step)},
             ${ints(rows, (row) => row.index)},
             ${ints(rows, (row) => row.attempt)},
             ${ints(rows, (row) => agentKeys.get(row.agent) ?? 0)},
             ${longs(rows, (row) => row.endedAtMs)},
             ${strings(rows, (row) => json(row.failure))},
             ${sql.array(losses, 'int4')}
           ) as ended (step, index, attempt, agent, at_ms, failure, loss)`;
}

export function insertStepEvents(rows: readonly StepRow[], fence: Fence): Insert {
  if (rows.length === 0) return null;
  return sql.fragment`
    insert into outflow.step_event (run, step, at_ms, total, state, outputs, failure)
    select fence.run, event.step, event.at_ms, nullif(event.total, -1), event.state, event.outputs, event.failure
      from ${fence}, unnest(
             ${ints(rows, (row) => row.step)},
             ${longs(rows, (row) => row.atMs)},
             ${longs(rows, (row) => row.total ?? -1)},
             ${strings(rows, (row) => row.state)},
             ${strings(rows, (row) => row.outputs)},
             ${strings(rows, (row) => json(row.failure))}
           ) with ordinality as event (step, at_ms, total, state, outputs, failure, n)
     order by event.n`;
}

export function insertAgentEvents(rows: readonly AgentRow[], fence: Fence): Insert {
  if (rows.length === 0) return null;
  return sql.fragment`
    insert into outflow.agent_event (run, id, at_ms, state, allocation, host, pid, cpus, version)
    select fence.run, event.id, event.at_ms, event.state, event.allocation, event.host, event.pid, event.cpus, event.version
      from ${fence}, unnest(
             ${strings(rows, (row) => row.id)},
             ${longs(rows, (row) => row.atMs)},
             ${strings(rows, (row) => row.state)},
             ${strings(rows, (row) => row.allocation)},
             ${strings(rows, (row) => row.host)},
             ${ints(rows, (row) => row.pid)},
             ${ints(rows, (row) => row.cpus)},
             ${strings(rows, (row) => row.version)}
           ) with ordinality as event (id, at_ms, state, allocation, host, pid, cpus, version, n)
     order by event.n`;
}

/** An agent may occur more than once in a batch: its highest report counts. */
export function insertAgentReports(rows: NonNullable<CommitBatch['agentReports']>, fence: Fence): Insert {
  if (rows.length === 0) return null;
  return sql.fragment`
    insert into outflow.agent_report (run, id, seq)
    select fence.run, report.id, max(report.seq)
      from ${fence}, unnest(${strings(rows, (row) => row.agent)}, ${longs(rows, (row) => row.seq)}) as report (id, seq)
     group by fence.run, report.id
    on conflict (run, id) do update set seq = greatest(agent_report.seq, excluded.seq)`;
}

export function insertAllocationEvents(rows: readonly AllocationRow[], fence: Fence): Insert {
  if (rows.length === 0) return null;
  return sql.fragment`
    insert into outflow.allocation_event (run, id, at_ms, provider, state, detail)
    select fence.run, event.id, event.at_ms, event.provider, event.state, event.detail
      from ${fence}, unnest(
             ${strings(rows, (row) => row.id)},
             ${longs(rows, (row) => row.atMs)},
             ${strings(rows, (row) => row.provider)},
             ${strings(rows, (row) => row.state)},
             ${strings(rows, (row) => JSON.stringify(row.detail))}
           ) with ordinality as event (id, at_ms, provider, state, detail, n)
     order by event.n`;
}

export function insertEnd(end: NonNullable<CommitBatch['end']>, fence: Fence): FragmentSqlToken {
  return sql.fragment`
    insert into outflow.run_end (run, state, failure)
    select fence.run, ${end.state}::text, ${end.failure === null ? null : cleanText(JSON.stringify(end.failure))}::text
      from ${fence}
    on conflict do nothing`;
}
