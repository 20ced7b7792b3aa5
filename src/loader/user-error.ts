// What the user's code threw, as an error of outflow: file:line:column, the line, and the user's part of the stack.
import { inspect } from 'node:util';
import { AssertionError } from '../base/assert.ts';
import { type ErrorCode, type ErrorData, isOutflowError } from '../model/errors.ts';
import { codeFrame, displayPath, placeText } from './code-frame.ts';
import { userFrame, userStack } from './user-stack.ts';

/** `what`: `setup of command x threw`. An error of outflow's own keeps its code and message, and gets the place. */
export function userError(error: unknown, code: ErrorCode, what: string): ErrorData {
  if (isOutflowError(error) && error.code === 'setup-throws' && error.cause !== undefined) {
    return { ...userError(error.cause, 'setup-throws', what), hint: error.hint };
  }
  const place = userFrame(error);
  const where = place && placeText(place);
  const at = place ? `${displayPath(place.file)}:${place.line}:${place.column}: ` : '';
  const frame = place ? codeFrame(place) : '';
  if (isOutflowError(error)) {
    const { where: known = where, ...rest } = error.toJSON();
    return { ...rest, where: known };
  }
  if (!place && error instanceof AssertionError) return { code: 'internal', message: `${error.message}\n${error.stack}` };
  const stack = userStack(error);
  const lines = [`${at}${what} ${nameAndMessage(error)}`, frame, stack.includes('\n') ? stack : '', causes(error)];
  return { code, message: lines.filter((line) => line !== '').join('\n'), hint: hintFor(error), where };
}

function nameAndMessage(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error, { depth: 2, breakLength: 120 });
  return `${error.name}: ${error.message}`;
}

function causes(error: unknown): string {
  const lines: string[] = [];
  for (
    let cause = (error as Error | undefined)?.cause;
    cause !== undefined && lines.length < 3;
    cause = (cause as Error)?.cause
  ) {
    lines.push(`caused by ${nameAndMessage(cause)}`);
  }
  return lines.join('\n');
}

function hintFor(error: unknown): string | undefined {
  if ((error as { code?: unknown } | undefined)?.code !== 'MODULE_NOT_FOUND') return undefined;
  return 'packages with native code are not bundled: they must be installed where the pipeline runs';
}
