// Operating errors: one class, one table of codes, one table of exit codes.

/** The exit codes of the `outflow` program. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'the command did what was asked; for `run`, the run succeeded' },
  failed: { code: 1, meaning: 'the run failed; for `doctor`, something that a run needs is missing' },
  usage: { code: 2, meaning: 'a wrong command, flag or argument' },
  pipeline: { code: 3, meaning: 'the pipeline or its configuration cannot be used as it is written' },
  notFound: { code: 4, meaning: 'no such run, step, unit or agent, or it is not live' },
  database: { code: 5, meaning: 'Postgres cannot be reached or used' },
  infrastructure: { code: 6, meaning: 'a coordinator, agent or cluster could not do its part' },
  internal: { code: 70, meaning: 'a bug in outflow' },
  cancelled: { code: 130, meaning: 'cancelled (Ctrl-C, or `outflow cancel`)' },
} as const;

export type ExitKind = keyof typeof EXIT_CODES;

/** Every code an `OutflowError` may carry, with the exit code of a command that ends with it. */
export const ERROR_CODES = {
  'no-pipeline-file': 'pipeline',
  'pipeline-syntax': 'pipeline',
  'pipeline-throws': 'pipeline',
  'pipeline-unbundled': 'pipeline',
  'bad-config': 'pipeline',
  'bad-definition': 'pipeline',
  'bad-directive': 'pipeline',
  'no-commands': 'pipeline',
  'setup-throws': 'pipeline',
  'setup-not-deterministic': 'pipeline',
  'missing-input': 'pipeline',
  'duplicate-output': 'pipeline',
  'duplicate-name': 'pipeline',
  'unreachable-task': 'pipeline',
  cycle: 'pipeline',
  'reserved-name': 'pipeline',
  'no-iterated-input': 'pipeline',
  'nested-resources': 'pipeline',
  'unit-too-large': 'pipeline',
  'unknown-command': 'usage',
  'bad-argument': 'usage',
  'missing-argument': 'usage',
  'bad-flag': 'usage',
  'unknown-run': 'notFound',
  'ambiguous-run': 'notFound',
  'unknown-step': 'notFound',
  'unknown-unit': 'notFound',
  'unit-not-running': 'notFound',
  'unknown-agent': 'notFound',
  'run-is-live': 'infrastructure',
  'run-has-ended': 'usage',
  'wrong-host': 'infrastructure',
  'database-unreachable': 'database',
  'database-too-old': 'database',
  'database-half-migrated': 'database',
  'database-newer': 'database',
  'database-full': 'database',
  'database-in-use': 'database',
  'database-failed': 'database',
  'migration-failed': 'pipeline',
  'coordinator-failed': 'infrastructure',
  'agent-failed': 'infrastructure',
  'slurm-failed': 'infrastructure',
  'disk-full': 'infrastructure',
  'bad-environment': 'infrastructure',
  'bad-value': 'failed',
  'value-too-large': 'failed',
  'value-too-deep': 'failed',
  'not-an-array': 'failed',
  'unequal-lengths': 'failed',
  'run-failed': 'failed',
  'run-cancelled': 'cancelled',
  internal: 'internal',
} as const satisfies Record<string, ExitKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

const BRAND = Symbol.for('outflow.error');

/** What happened (`message`, with ids) and what to do now (`hint`). Told apart by brand, so that it survives bundling. */
export class OutflowError extends Error {
  override readonly name = 'OutflowError';
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Where in the user's files, as `file:line:column`, when it is known. */
  readonly where: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; where?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }

  /** Plain data for IPC and `--json`. */
  toJSON(): ErrorData {
    return { code: this.code, message: this.message, hint: this.hint, where: this.where };
  }
}

export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
  where?: string | undefined;
}

export function isOutflowError(error: unknown): error is OutflowError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
}

export function fromErrorData(data: ErrorData): OutflowError {
  return new OutflowError(data.code, data.message, { hint: data.hint, where: data.where });
}

export function exitCodeOf(error: unknown): number {
  return isOutflowError(error) ? EXIT_CODES[ERROR_CODES[error.code]].code : EXIT_CODES.internal.code;
}
