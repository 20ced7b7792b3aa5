// How far this host's clock is from another's.
import { formatDuration } from '../../src/base/duration.ts';
import { type Finding, ok, warning } from './finding.ts';

const WORTH_SAYING_MS = 2_000;

/** `aheadMs`: our clock less the other; measured to `withinMs`. */
export function clockFinding(aheadMs: number, whose: string, withinMs = 0): Finding {
  const apart = Math.abs(aheadMs);
  const found = `${formatDuration(apart)} ${aheadMs < 0 ? 'behind' : 'ahead of'} ${whose}`;
  if (apart <= WORTH_SAYING_MS + withinMs) return ok('clock', apart < 1 || withinMs > 0 ? `as ${whose}` : found);
  return warning(
    'clock',
    found,
    'times in logs will not fit, and a day apart certificates fail: synchronize the clocks (chrony, ntpd)',
  );
}
