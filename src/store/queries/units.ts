// Units and steps as `status` and `results` show them.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import { OutflowError } from '../../model/errors.ts';
import { UNIT_STATES } from '../../model/states.ts';
import type { StepSummary, UnitRow } from '../types.ts';
import { stateCode, stateOf } from './codes.ts';
import { latestSteps } from './load-run.ts';
import { parseFailure } from './run-row.ts';

const Row = z.object({
  step: z.int(),
  index: z.int(),
  state: z.string().transform(stateOf),
  attempt: z.int(),
  agent: z.string().nullable(),
  started_at_ms: z.number(),
  duration_ms: z.number(),
  output: z.string().transform((text) => (text === '' ? null : text)),
  failure: z.string().nullable().transform(parseFailure),
});

/** In index order, from the one after `after` on. Error `bad-flag` for a state that units do not have. */
export async function listUnits(
  db: CommonQueryMethods,
  run: number,
  step: number,
  { state, limit, after = -1 }: { state?: string; limit: number; after?: number },
): Promise<UnitRow[]> {
  const only = state === undefined ? sql.fragment`` : sql.fragment`and unit.state = ${codeOf(state)}::"char"`;
  const rows = await db.any(sql.type(Row)`
    select unit.step, unit.index, unit.state::text as state, unit.attempt, agent_name.id as agent,
           unit.started_at_ms, unit.duration_ms, unit.output, unit_failure.failure
      from outflow.unit
      left join outflow.agent_name on agent_name.key = unit.agent
      left join outflow.unit_failure
        on (unit_failure.run, unit_failure.step, unit_failure.index) = (unit.run, unit.step, unit.index)
     where unit.run = ${run} and unit.step = ${step} and unit.index > ${after} ${only}
     order by unit.index
     limit ${limit}`);
  return rows.map(({ started_at_ms, duration_ms, ...row }) => ({ ...row, startedAtMs: started_at_ms, durationMs: duration_ms }));
}

function codeOf(state: string): string {
  const known = UNIT_STATES.find((one) => one === state);
  if (known !== undefined) return stateCode(known);
  throw new OutflowError('bad-flag', `units have no state ${JSON.stringify(state)}`, {
    hint: `one of: ${UNIT_STATES.join(', ')}`,
  });
}

const Counts = z.object({
  step: z.int(),
  succeeded: z.number(),
  failed: z.number(),
  other: z.number(),
  first_started_at_ms: z.number().nullable(),
});

/** Steps that have begun. Counting 1,000,000 units takes 0.6 s: of a step that ends meanwhile, all are to be counted. */
export async function stepSummaries(db: CommonQueryMethods, run: number): Promise<StepSummary[]> {
  const steps = await latestSteps(db, run);
  const counts = await db.any(sql.type(Counts)`
    select step,
           count(*) filter (where state = 's') as succeeded,
           count(*) filter (where state = 'f') as failed,
           count(*) filter (where state not in ('s', 'f')) as other,
           min(started_at_ms) filter (where attempt > 0) as first_started_at_ms
      from outflow.unit where run = ${run} group by step`);
  const byStep = new Map(counts.map((row) => [row.step, row]));
  return steps.map((step) => {
    const { succeeded = 0, failed = 0, other = 0, first_started_at_ms = null } = byStep.get(step.step) ?? {};
    return { ...step, succeeded, failed, other, firstStartedAtMs: first_started_at_ms };
  });
}
