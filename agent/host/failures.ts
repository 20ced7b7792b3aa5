// Failures as they leave the host: within their bounds, with the user's frames of the stack.
import { userStack } from '../../src/loader/user-stack.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { Failure } from '../../src/model/states.ts';
import { failureOf } from '../../src/sdk/internal.ts';
import { cutBytes } from '../text.ts';

/** Of anything that was thrown: a `UnitError`, or what got past it. */
export function failureFrom(error: unknown): Failure {
  const { stack, ...failure } = failureOf(error);
  const users = stackText(stack);
  return { ...failure, message: cutBytes(failure.message, LIMITS.errorBytes), ...(users === '' ? {} : { stack: users }) };
}

export function stackText(stack: string | undefined): string {
  return stack === undefined ? '' : cutBytes(userStack({ stack }), LIMITS.errorBytes);
}
