// What doctor finds: one fact a line, whether it is as a run needs it, and what to do where it is not.
import { isOutflowError } from '../../src/model/errors.ts';

/** `warning`: a run may work all the same. `missing`: it cannot. */
export type Verdict = 'ok' | 'warning' | 'missing';

export interface Finding {
  check: string;
  verdict: Verdict;
  found: string;
  /** What to do; null: nothing. */
  advice: string | null;
}

export interface FindingGroup {
  title: string;
  findings: Finding[];
}

export function ok(check: string, found: string): Finding {
  return { check, verdict: 'ok', found, advice: null };
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, verdict: 'warning', found, advice };
}

export function missing(check: string, found: string, advice: string | null): Finding {
  return { check, verdict: 'missing', found, advice };
}

/** For what an error says; one that is no operating error is a bug, and is thrown on. */
export function missingBy(check: string, error: unknown): Finding {
  if (!isOutflowError(error)) throw error;
  return missing(check, error.message, error.hint ?? null);
}

export function lacks(findings: readonly Finding[]): boolean {
  return findings.some(({ verdict }) => verdict === 'missing');
}

/** What was not tried, as it needs what is missing elsewhere. */
export function untried(check: string, wants: string): Finding {
  return missing(check, `not tried, for want of what is missing above (${wants})`, null);
}
