// Why units failed, for `logs --failed`: cause, message and the user's stack of each, read page by page.
import type { Plan } from '../../src/plan/plan.ts';
import type { Store } from '../../src/store/store.ts';
import type { LogQuery, UnitRow } from '../../src/store/types.ts';
import { stepLabels, unitLabel } from '../text/step-labels.ts';
import type { Paint } from '../text/style.ts';

const PAGE = 200;

export interface UnitFailure {
  unit: string;
  cause: string;
  message: string;
  stack: string | null;
  attempts: number;
}

/** The failed units that the query is about, in the order of steps and indexes. */
export async function* unitFailures(
  store: Store,
  { run, step, index }: Omit<LogQuery, 'limit'>,
  plan: Plan,
): AsyncIterable<UnitFailure> {
  const labels = stepLabels(plan);
  for (const summary of await store.stepSummaries(run)) {
    if (summary.failed === 0 || (step !== undefined && summary.step !== step)) continue;
    for (let after = -1; ; ) {
      const units = await store.units(run, summary.step, { state: 'failed', limit: PAGE, ...(after < 0 ? {} : { after }) });
      for (const unit of units) {
        if (index === undefined || unit.index === index) yield toFailure(unit, unitLabel(plan, labels, unit.step, unit.index));
      }
      after = units.at(-1)?.index ?? after;
      if (units.length < PAGE) break;
    }
  }
}

function toFailure({ failure, attempt }: UnitRow, unit: string): UnitFailure {
  const { cause = 'exception', message = 'no message', stack } = failure ?? {};
  return { unit, cause, message, stack: stack ?? null, attempts: attempt };
}

export function unitFailureLines({ unit, cause, message, stack, attempts }: UnitFailure, paint: Paint): string[] {
  const tries = attempts > 1 ? ` (the last of ${attempts} attempts)` : '';
  // A stack of V8 begins with the message.
  const rest = (stack ?? '').startsWith(message) ? (stack ?? '').slice(message.length) : `\n${stack ?? ''}`;
  const lines = rest.split('\n').filter((line) => line.trim() !== '');
  return [
    `${paint('red', unit)}  ${paint('dim', `${cause}${tries}`)}`,
    ...message.split('\n').map((line) => `  ${line}`),
    ...lines.map((line) => paint('dim', `  ${line}`)),
  ];
}
