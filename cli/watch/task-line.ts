// From a log line as it is stored to a line for people.
import type { Plan } from '../../src/plan/plan.ts';
import type { LogRow } from '../../src/store/types.ts';
import { unitLabel } from '../text/step-labels.ts';
import type { TaskLine } from './render-lines.ts';

export function toTaskLine(
  row: Pick<LogRow, 'step' | 'index' | 'attempt' | 'stream' | 'level' | 'text'>,
  plan: Plan,
  labels: readonly string[],
): TaskLine {
  const unit = row.step === null ? '' : unitLabel(plan, labels, row.step, row.index);
  const from = row.attempt !== null && row.attempt > 1 ? `${unit}#${row.attempt}` : unit;
  return { from, stream: row.stream, level: row.level, text: row.text };
}
