// `--since`: how long ago, or a date and time.
import { parseDuration } from '../../src/base/duration.ts';
import { OutflowError } from '../../src/model/errors.ts';

/** Epoch milliseconds. Error `bad-flag`. */
export function sinceMs(text: string, nowMs: number): number {
  const ago = parseDuration(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (ago !== undefined) return nowMs - ago;
  const date = Date.parse(text);
  if (!Number.isNaN(date)) return date;
  throw new OutflowError('bad-flag', `--since must be a duration or a date, not '${text}'`, {
    hint: 'for example 90s, 10m, 2h30m, 2026-01-31, or 2026-01-31T12:00',
  });
}
