// How a watched run ended: in lines for people, as data for programs, as an exit code.
import { EXIT_CODES } from '../../src/model/errors.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { Failure, RunState } from '../../src/model/states.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Store } from '../../src/store/store.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { stepLabels, unitLabel } from '../text/step-labels.ts';
import type { Paint } from '../text/style.ts';
import { userFrame } from '../text/user-frame.ts';
import { type FailedUnit, failureLines, outcomeLine } from './render-lines.ts';

export interface Outcome {
  run: string;
  state: RunState;
  command: string;
  tookMs: number | null;
  failure: Failure | null;
  /** How many units failed, and the first of them. */
  failedUnits: { total: number; first: (FailedUnit & { address: string })[] };
}

export async function outcomeOf(store: Store, summary: RunSummary, plan: Plan): Promise<Outcome> {
  const { record, endedAt } = summary;
  const labels = stepLabels(plan);
  const steps = (await store.stepSummaries(record.id)).filter((step) => step.failed > 0);
  const first: Outcome['failedUnits']['first'] = [];
  for (const { step } of steps) {
    const limit = LIMITS.namedFailures - first.length;
    if (limit === 0) break;
    for (const { index, failure } of await store.units(record.id, step, { state: 'failed', limit })) {
      const unit = unitLabel(plan, labels, step, index);
      const { cause = 'exception', message = 'no message', stack } = failure ?? {};
      first.push({ unit, address: `${record.id}/${unit}`, cause, message, where: userFrame(stack) });
    }
  }
  const total = steps.reduce((sum, step) => sum + step.failed, 0);
  return {
    run: record.id,
    state: summary.state,
    command: record.command,
    tookMs: endedAt === null ? null : endedAt.getTime() - record.createdAt.getTime(),
    failure: summary.failure,
    failedUnits: { total, first },
  };
}

/** The outcome, why, and the command that shows more. */
export function outcomeLines({ run, state, tookMs, failure, failedUnits }: Outcome, paint: Paint): string[] {
  const lines = [outcomeLine(run, state, tookMs, paint)];
  if (state === 'failed' && failure && (failedUnits.total !== 1 || failure.message !== failedUnits.first[0]?.message)) {
    lines.push(...failure.message.split('\n').map((line) => `  ${line}`));
  }
  if (failedUnits.total > 0) {
    if (state === 'succeeded') lines.push(`  with failed units whose errors took their place:`);
    lines.push(...failureLines(failedUnits.first, failedUnits.total, paint), paint('dim', `more: outflow logs ${run} --failed`));
  }
  if (state === 'orphaned') lines.push(paint('dim', `finish it: outflow resume ${run}`));
  if (state === 'accepted' || state === 'running' || state === 'cancelling')
    lines.push(paint('dim', `follow it: outflow status ${run}`));
  return lines;
}

export function exitCodeOfRun(state: RunState): number {
  switch (state) {
    case 'succeeded':
      return EXIT_CODES.ok.code;
    case 'failed':
      return EXIT_CODES.failed.code;
    case 'cancelled':
    case 'cancelling':
      return EXIT_CODES.cancelled.code;
    case 'orphaned':
    case 'accepted':
    case 'running':
      return EXIT_CODES.infrastructure.code;
  }
}
