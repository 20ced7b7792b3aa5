// What the SDK asks of a schema: the Standard Schema interface, so that zod, valibot, arktype and others serve alike.
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Any schema that speaks [Standard Schema](https://standardschema.dev). */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** Named schemas, as `outputs` and `args` of a task take them. */
export type Shape = Readonly<Record<string, Schema>>;

/** What a schema accepts. */
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>;
/** What a schema gives after its defaults and transformations. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

export type Checked = { ok: true; value: unknown } | { ok: false; issues: readonly StandardSchemaV1.Issue[] };

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  return result.issues === undefined ? { ok: true, value: result.value } : { ok: false, issues: result.issues };
}

/** Checks `value`; a promise only where the schema itself is asynchronous. */
export function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(checked) : checked(result);
}

export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: unknown })['~standard'];
  return typeof standard === 'object' && standard !== null && typeof (standard as { validate?: unknown }).validate === 'function';
}

/** Whether an input of this schema may be left out: it has a default, or is optional. */
export async function acceptsUndefined(schema: Schema): Promise<boolean> {
  try {
    return (await check(schema, undefined)).ok;
  } catch {
    return false; // a transformation that cannot work on nothing
  }
}

/** `a.b[3]`, as the user would write it. */
export function pathText(path: StandardSchemaV1.Issue['path']): string {
  let text = '';
  for (const part of path ?? []) {
    const key = typeof part === 'object' ? part.key : part;
    text += typeof key === 'number' ? `[${key}]` : `${text === '' ? '' : '.'}${String(key)}`;
  }
  return text;
}

/** The first issues of a failed check, in one line. */
export function issuesText(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, 3).map(({ message, path }) => {
    const at = pathText(path);
    return at === '' ? message : `${message} (at ${at})`;
  });
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
