// Assertions that stay on in production: a broken one is a bug of ours, never a user's mistake.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws `AssertionError` unless `condition` holds. The message says what must hold, with ids. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a `switch` over a tagged union: does not compile while a case is missing. */
export function assertNever(value: never, what = 'case'): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
