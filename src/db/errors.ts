// What Postgres, its driver and Slonik throw, told as operating errors: unreachable, full, or something else that failed.
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { displayUrl } from './url.ts';

const NETWORK_CODES = new Set(
  'ECONNREFUSED ECONNRESET ENOENT EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN EACCES ECONNABORTED ENOTSOCK EAGAIN'.split(
    ' ',
  ),
);
const LOST =
  /connection (?:was )?(?:terminated|closed|ended)|backend has been terminated|timeout (?:expired|exceeded)|not queryable|client (?:is (?:pending destroy|destroyed)|was closed)/i;

/**
 * An `OutflowError` for whatever a query or a connection attempt threw; one that is an `OutflowError` already stays as it is.
 * `database-unreachable`: cannot be reached, refuses the login or went away (also in mid-query: the outcome is unknown).
 * `database-full`: out of disk or memory. `database-failed`: all else, with Postgres's own words.
 */
export function databaseError(error: unknown, url: string): OutflowError {
  if (isOutflowError(error)) return error;
  const code = errorCode(error);
  const words = messageOf(error);
  const where = `the database ${displayUrl(url)}`;
  if (isFull(code, words)) {
    const hint = "free some space on the database's disk; what was not yet stored is kept and tried again";
    return new OutflowError('database-full', `${where} has no space left: ${words}`, { hint, cause: error });
  }
  if (code?.startsWith('28')) {
    const hint = 'check user, password and pg_hba.conf of OUTFLOW_DATABASE_URL (or `database` in the configuration)';
    return new OutflowError('database-unreachable', `${where} refuses the login: ${words}`, { hint, cause: error });
  }
  if (code === '3D000') {
    const hint = 'create it (`createdb`), or name another in OUTFLOW_DATABASE_URL';
    return new OutflowError('database-unreachable', `${where} does not exist`, { hint, cause: error });
  }
  if (isUnreachable(error)) {
    const hint = 'see whether Postgres runs there (`outflow db status`) and OUTFLOW_DATABASE_URL is right';
    return new OutflowError('database-unreachable', `${where} cannot be reached: ${words}`, { hint, cause: error });
  }
  const hint = code === undefined ? undefined : HINTS[code];
  return new OutflowError('database-failed', `${where} failed: ${words}${code ? ` (${code})` : ''}`, { hint, cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  '42501': "the database's role lacks a right; grant it, or use another role",
  '58P01':
    "the server's own files are gone; of the embedded one they are in the cache: `outflow db stop --force`, then try again (`outflow resume RUN`)",
};

/** The connection could not be made, or broke: nothing is known of a statement that was under way. */
export function isUnreachable(error: unknown): boolean {
  if (isOutflowError(error)) return error.code === 'database-unreachable';
  const code = errorCode(error);
  if (code === undefined) return LOST.test(messageOf(error));
  return NETWORK_CODES.has(code) || /^(08|57P0[1235]|53300)/.test(code);
}

/** What is worth another try later: the database is away, or full. */
export function mayPass(error: unknown): boolean {
  return isOutflowError(error) && (error.code === 'database-unreachable' || error.code === 'database-full');
}

/** SQLSTATE or Node's code, of the error or of what caused it. */
export function errorCode(error: unknown): string | undefined {
  for (const one of chain(error)) {
    if (isOutflowError(one)) continue; // its code is ours
    const { code } = one as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** Postgres's own words: the innermost message, with its detail. */
export function messageOf(error: unknown): string {
  let words = String(error);
  for (const one of chain(error)) {
    const { message, detail } = one as { message?: unknown; detail?: unknown };
    if (typeof message === 'string' && message !== '') words = detail ? `${message} (${detail})` : message;
  }
  return words;
}

function isFull(code: string | undefined, words: string): boolean {
  return code === '53100' || code === '53200' || code === '53400' || code === 'ENOSPC' || saysFull(words);
}

/** Whether Postgres complains of a full disk, in an error or in its log. */
export function saysFull(words: string): boolean {
  return /no space left on device|disk quota exceeded|check free disk space/i.test(words);
}

/** The error, its cause, that one's cause … (and of several attempts to connect the first). At most 8 deep. */
function* chain(error: unknown): Generator<object> {
  let one = error;
  for (let depth = 0; depth < 8 && typeof one === 'object' && one !== null; depth++) {
    yield one;
    const { cause, errors } = one as { cause?: unknown; errors?: unknown[] };
    one = cause ?? errors?.[0];
  }
}
