// Settled units: many rows in one statement, columns as one parameter each.
//
// Through `commit`, with an agent's report in each, to the embedded server, 2 cores for both ends, outputs of 30 bytes:
//   units a commit   1: 1,400/s (0.7 ms)   16: 26,000/s   256: 133,000/s   1,000: 142,000/s   2,000: 254,000/s   4,000: 257,000/s
//   this process: 1.9 µs a unit at 256, 0.7 at 2,000. 1,000,000 units in batches of 4,000: 4.4 s.
// Outputs of 4 kB: 50 MB/s; of 100 kB: 33 MB/s, for Postgres compresses them (without: 79 MB/s, and twice the disk).
import type { FragmentSqlToken } from 'slonik';
import { sql } from '../../db/sql.ts';
import type { UnitBatch } from '../types.ts';
import { stateCode } from './codes.ts';
import { integers, jsonTexts, letters } from './columns.ts';

export type OnConflict = 'raise' | 'skip';

export interface UnitColumns {
  step: number[];
  index: number[];
  state: string[];
  agent: number[];
  attempt: number[];
  startedAtMs: number[];
  durationMs: number[];
  output: (string | null)[];
}

/** Characters of outputs that one statement carries: a string has an end, and so has the server's memory for one parameter. */
const STATEMENT_CHARACTERS = 16 * 1024 * 1024;

/** All batches as one set of columns. `agentKeys` knows every agent that is named. */
export function unitColumns(batches: readonly UnitBatch[], agentKeys: ReadonlyMap<string, number>): UnitColumns {
  const columns: UnitColumns = {
    step: [],
    index: [],
    state: [],
    agent: [],
    attempt: [],
    startedAtMs: [],
    durationMs: [],
    output: [],
  };
  for (const batch of batches) {
    const state = stateCode(batch.state);
    const agent = batch.agent === null ? 0 : (agentKeys.get(batch.agent) ?? 0);
    for (let i = 0; i < batch.index.length; i++) {
      columns.step.push(batch.step);
      columns.index.push(batch.index[i] as number);
      columns.state.push(state);
      columns.agent.push(agent);
      columns.attempt.push(batch.attempt[i] ?? 0);
      columns.startedAtMs.push(batch.startedAtMs[i] ?? 0);
      columns.durationMs.push(batch.durationMs[i] ?? 0);
      columns.output.push(batch.output[i] ?? null);
    }
  }
  return columns;
}

/** Parts of at most about 16 MiB of output (a single larger one is a part of its own). None when there are no units. */
export function splitUnits(columns: UnitColumns): UnitColumns[] {
  const parts: UnitColumns[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < columns.index.length; i++) {
    const length = columns.output[i]?.length ?? 0;
    if (i > from && size + length > STATEMENT_CHARACTERS) {
      parts.push(sliceOf(columns, from, i));
      from = i;
      size = 0;
    }
    size += length;
  }
  if (from === 0) return columns.index.length === 0 ? [] : [columns];
  return [...parts, sliceOf(columns, from, columns.index.length)];
}

function sliceOf(columns: UnitColumns, from: number, to: number): UnitColumns {
  const entries = Object.entries(columns).map(([name, values]) => [name, (values as unknown[]).slice(from, to)]);
  return Object.fromEntries(entries) as UnitColumns;
}

/** `fence`: gives one row with the key of the run, or none, and then nothing is inserted. */
export function insertUnits(columns: UnitColumns, fence: FragmentSqlToken, onConflict: OnConflict): FragmentSqlToken {
  return sql.fragment`
    insert into outflow.unit (started_at_ms, duration_ms, run, step, index, attempt, agent, state, output)
    select started_at_ms, duration_ms, fence.run, step, index, attempt, agent, state, coalesce(output, '')
      from ${fence}, unnest(
             ${integers(columns.startedAtMs, 'int8')},
             ${integers(columns.durationMs, 'int8')},
             ${integers(columns.step, 'int4')},
             ${integers(columns.index, 'int4')},
             ${integers(columns.attempt, 'int4')},
             ${integers(columns.agent, 'int4')},
             ${letters(columns.state)},
             ${jsonTexts(columns.output)}
           ) as settled (started_at_ms, duration_ms, step, index, attempt, agent, state, output)
    ${onConflict === 'skip' ? sql.fragment`on conflict do nothing` : sql.fragment``}`;
}
