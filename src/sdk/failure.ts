// From whatever a task's execution throws to the plain data of a failure.
import { isOutflowError } from '../model/errors.ts';
import type { Cause, Failure } from '../model/states.ts';

const TASK_ERROR = Symbol.for('outflow.task-error');
const UNIT_ERROR = Symbol.for('outflow.unit-error');

/** An error whose cause is known: a border check that failed, or a host's timeout. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly [TASK_ERROR] = true;
  readonly failureCause: Cause;

  constructor(failureCause: Cause, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failureCause = failureCause;
  }
}

/** What `runUnit` rejects with: the failure as plain data, the original as `cause`. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
  readonly [UNIT_ERROR] = true;
  readonly failure: Failure;

  constructor(failure: Failure, cause: unknown) {
    super(failure.message, { cause });
    this.failure = failure;
  }
}

function hasBrand(error: unknown, brand: symbol): boolean {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true;
}

function isUnitError(error: unknown): error is UnitError {
  return hasBrand(error, UNIT_ERROR);
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return `thrown: ${String(error)}`;
  const { name, message } = error as { name?: unknown; message?: unknown };
  if (typeof message !== 'string') return `thrown: ${safeText(error)}`;
  if (typeof name !== 'string' || name === 'Error' || name === '') return message === '' ? 'an Error without a message' : message;
  return message === '' ? name : `${name}: ${message}`;
}

function safeText(value: object): string {
  try {
    return JSON.stringify(value) ?? Object.prototype.toString.call(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Plain data of any thrown value; `task` is the step id of the task that threw it. Errors of outflow carry no stack: it would show nothing of the user's. */
export function failureOf(error: unknown, task?: string): Failure {
  if (isUnitError(error)) return error.failure;
  const at = task === undefined ? {} : { task };
  if (hasBrand(error, TASK_ERROR))
    return { cause: (error as TaskError).failureCause, message: (error as TaskError).message, ...at };
  if (isOutflowError(error))
    return { cause: 'exception', message: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`, ...at };
  const causes = causesOf(error);
  const message = [messageOf(error), ...causes.map((cause) => `caused by ${messageOf(cause)}`)].join('\n');
  const stack = stackOf(error);
  const stacks = causes.map((cause) => `${CAUSED_BY}${messageOf(cause).split('\n')[0]}\n${stackOf(cause) ?? ''}`);
  return { cause: 'exception', message, ...at, ...(stack === undefined ? {} : { stack: [stack, ...stacks].join('\n') }) };
}

/** Begins the line in a stack that leads on to the stack of a cause. */
const CAUSED_BY = 'caused by ';
/** Of an error's causes, and of the errors that it gathers, so many are told. */
const CAUSES = 3;

/** What is behind an error: its `cause`, and theirs; the `errors` of one that gathers several. */
function causesOf(error: unknown, found: unknown[] = []): unknown[] {
  if (typeof error !== 'object' || error === null) return found;
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  for (const each of [cause, ...(error instanceof AggregateError && Array.isArray(errors) ? errors : [])]) {
    if (each === undefined || each === null || found.length >= CAUSES || found.includes(each)) continue;
    found.push(each);
    causesOf(each, found);
  }
  return found;
}

function stackOf(error: unknown): string | undefined {
  const stack = typeof error === 'object' && error !== null ? (error as { stack?: unknown }).stack : undefined;
  return typeof stack === 'string' ? stack : undefined;
}

/** What a unit rejects with that stopped since its signal was aborted. */
export function cancelled(): UnitError {
  const error = new TaskError('cancelled', 'the unit was cancelled');
  return new UnitError(failureOf(error), error);
}
