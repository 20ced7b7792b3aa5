// Reads what Slurm prints: `Key=value` lines of scontrol, times, durations, amounts.
import { timeMinutes } from '../../plan/slurm-values.ts';

/** The value of `key` in a line of `scontrol show … -o`: up to the next blank; undefined: not there, or `(null)`. The first one counts: free text comes late. */
export function fieldOf(line: string, key: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${key}=(\\S*)`).exec(line)?.[1];
  return found === undefined || found === '' || found === '(null)' || found === 'N/A' ? undefined : found;
}

/** A number; null: UNLIMITED, N/A, absent. */
export function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/** Epoch milliseconds of `2026-11-22T23:43:08`, printed in UTC; null: Unknown, N/A, NONE. */
export function timeOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return null;
  return Date.parse(`${text}Z`);
}

/** Whole minutes of `[days-]hours:minutes:seconds`, rounded up; null: UNLIMITED, NONE, absent. */
export function minutesOf(text: string | undefined): number | null {
  const minutes = timeMinutes(text);
  return minutes !== undefined && Number.isFinite(minutes) ? minutes : null;
}

/** The parts of a list, without those in brackets or parentheses: `a[1,2],b(x,y)` are two. */
export function listOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text.split(/,(?![^[(]*[\])])/).filter((part) => part !== '');
}
