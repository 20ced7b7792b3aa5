// How a process beside a unit ended, or why there was none.
import { constants } from 'node:os';
import { OutflowError } from '../../src/model/errors.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { ExecEnd, UnitRef } from '../../src/rpc/exec-messages.ts';
import type { RunRecord } from '../../src/store/types.ts';
import { stepLabels, unitLabel } from '../text/step-labels.ts';

/** As shells count: 128 and the signal's number. */
export function exitCodeOfProcess({ code, signal }: Pick<ExecEnd, 'code' | 'signal'>): number {
  if (signal === '') return code;
  return 128 + ((constants.signals as Record<string, number>)[signal] ?? 0);
}

const WORDS: Readonly<Record<string, string>> = {
  waiting: 'has not begun',
  succeeded: 'has succeeded',
  failed: 'has failed',
  cancelled: 'was cancelled',
  aborted: 'was aborted',
};

/** The unit does not run: what it does, and which ones run. */
export function refusalOf(
  { unitState, running, runningTotal }: ExecEnd,
  { record, plan }: { record: Pick<RunRecord, 'id'>; plan: Plan },
  { step, index }: UnitRef,
): OutflowError {
  const labels = stepLabels(plan);
  const nameOf = (unit: UnitRef): string => `${record.id}/${unitLabel(plan, labels, unit.step, unit.index)}`;
  const name = nameOf({ step, index });
  const more = runningTotal - running.length;
  const hint =
    running.length === 0
      ? `nothing runs at the moment; see: outflow status ${record.id}`
      : `running: ${running.map(nameOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const words = WORDS[unitState];
  if (words === undefined) return new OutflowError('unknown-unit', `there is no unit ${name}, or none yet`, { hint });
  return new OutflowError('unit-not-running', `${name} does not run: it ${words}`, { hint });
}
