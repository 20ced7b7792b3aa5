// The arguments of a command: flags, typed, with what the CLI needs to parse, describe and check them.
import { badDefinition, checkBoolean, checkOptions, checkText, shown } from './checks.ts';
import { FLAG, type FlagDefinition, type FlagKind } from './definition.ts';

declare const VALUE: unique symbol;
/** A flag whose value in `setup` and in `context.args` has the type `T`. */
export interface Flag<T> {
  readonly [VALUE]: T;
}
/** Any flag, and the flags of a command by name. */
export type FlagShape = Readonly<Record<string, Flag<unknown>>>;

/** The options that all flags share. */
export interface FlagOptions<T> {
  /** Whether the command cannot run without it. Default: false. */
  readonly required?: boolean;
  /** The value where the flag is not given. Default: undefined, or `[]` with `multiple`. */
  readonly default?: T;
  /** Shown by `--help`. */
  readonly description?: string;
  /** Whether it may be given several times; its value is then an array. Default: false. */
  readonly multiple?: boolean;
}

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

type Given<O, T> = O extends { multiple: true }
  ? T[]
  : O extends { required: true }
    ? T
    : O extends { default: infer D }
      ? [D] extends [undefined]
        ? T | undefined
        : T
      : T | undefined;
type DefaultFor<O, T> = O extends { multiple: true } ? readonly T[] : T;
type Options<O, T> = O & Omit<FlagOptions<DefaultFor<O, T>>, 'default'> & { readonly default?: DefaultFor<O, T> };

interface Flags {
  /** A whole number. */
  integer<const O extends FlagOptions<number | readonly number[]> & Bounds = {}>(
    options?: Options<O, number>,
  ): Flag<Given<O, number>>;
  /** Any finite number. */
  number<const O extends FlagOptions<number | readonly number[]> & Bounds = {}>(
    options?: Options<O, number>,
  ): Flag<Given<O, number>>;
  string<const O extends FlagOptions<string | readonly string[]> = {}>(options?: Options<O, string>): Flag<Given<O, string>>;
  /** `--name`, and `--no-name` where the default is true. Default: false. */
  boolean(options?: { readonly default?: boolean; readonly description?: string }): Flag<boolean>;
  /** One of the given texts; its type is their union. */
  option<const T extends string, const O extends FlagOptions<T | readonly T[]> = {}>(
    options: readonly T[],
    more?: Options<O, T>,
  ): Flag<Given<O, T>>;
}

/**
 * The flags of a command. One that is neither `required` nor has a `default` may be `undefined`. Throws `bad-definition`.
 *
 * @example
 * ```ts
 * args: {
 *   multiplier: flag.integer({ required: true, min: 1, description: 'what to multiply by' }),
 *   mode: flag.option(['fast', 'exact'], { default: 'fast' }),
 *   files: flag.string({ multiple: true }),
 * }
 * ```
 */
export const flag: Flags = {
  integer: (options?: unknown) => make('integer', options),
  number: (options?: unknown) => make('number', options),
  string: (options?: unknown) => make('string', options),
  boolean: (options?: unknown) => make('boolean', options),
  option: (options: readonly string[], more?: unknown) => make('option', more, options),
};

const COMMON = ['required', 'default', 'description', 'multiple'];

function make<T>(kind: FlagKind, options: unknown = {}, choices?: readonly string[]): Flag<T> {
  const what = `flag.${kind}()`;
  const bounded = kind === 'integer' || kind === 'number';
  const given = checkOptions(
    options,
    kind === 'boolean' ? ['default', 'description'] : bounded ? [...COMMON, 'min', 'max'] : COMMON,
    what,
  );
  const description = checkText(given['description'], `\`description\` of ${what}`);
  const definition: FlagDefinition = {
    kind,
    required: checkBoolean(given['required'], `\`required\` of ${what}`),
    multiple: checkBoolean(given['multiple'], `\`multiple\` of ${what}`),
    ...(description === undefined ? {} : { description }),
    ...(choices === undefined ? {} : { options: choicesOf(choices) }),
    ...boundsOf(given, what),
  };
  const value = given['default'] ?? (kind === 'boolean' ? false : undefined);
  if (value === undefined) return branded(definition);
  if (definition.required) throw badDefinition(`${what} is required and has a default`, 'drop one of them');
  const complete = { ...definition, default: value };
  const problem = flagProblem(complete, value);
  if (problem !== undefined) throw badDefinition(`the default of ${what} ${problem}`);
  return branded(complete);
}

function branded<T>(definition: FlagDefinition): Flag<T> {
  return Object.freeze({ [FLAG]: definition }) as unknown as Flag<T>;
}

function choicesOf(choices: unknown): readonly string[] {
  const sound =
    Array.isArray(choices) && choices.length > 0 && choices.every((choice) => typeof choice === 'string' && choice !== '');
  if (!sound) throw badDefinition('flag.option() takes an array of texts to choose from', "write flag.option(['fast', 'exact'])");
  return [...(choices as string[])];
}

function boundsOf(given: Readonly<Record<string, unknown>>, what: string): { min?: number; max?: number } {
  const bounds: { min?: number; max?: number } = {};
  for (const key of ['min', 'max'] as const) {
    const bound = given[key];
    if (bound === undefined) continue;
    if (typeof bound !== 'number' || Number.isNaN(bound))
      throw badDefinition(`\`${key}\` of ${what} must be a number, not ${shown(bound)}`);
    bounds[key] = bound;
  }
  return bounds;
}

/** What is wrong with a value of the flag (`must be …`), or undefined. */
export function flagProblem(definition: FlagDefinition, value: unknown): string | undefined {
  if (!definition.multiple) return singleProblem(definition, value);
  if (!Array.isArray(value)) return `must be an array, not ${shown(value)}`;
  for (const each of value) {
    const problem = singleProblem(definition, each);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function singleProblem({ kind, options, min, max }: FlagDefinition, value: unknown): string | undefined {
  switch (kind) {
    case 'integer':
    case 'number': {
      const sound = kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
      if (!sound) return `must be ${kind === 'integer' ? 'a whole number' : 'a number'}, not ${shown(value)}`;
      if (min !== undefined && (value as number) < min) return `must be at least ${min}, not ${shown(value)}`;
      if (max !== undefined && (value as number) > max) return `must be at most ${max}, not ${shown(value)}`;
      return undefined;
    }
    case 'string':
      return typeof value === 'string' ? undefined : `must be a text, not ${shown(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, not ${shown(value)}`;
    case 'option':
      return options?.includes(value as string) ? undefined : `must be one of ${options?.join(', ')}, not ${shown(value)}`;
  }
}

/** The definition behind a flag, if `value` is one. */
export function flagDefinitionOf(value: unknown): FlagDefinition | undefined {
  return typeof value === 'object' && value !== null ? (value as { [FLAG]?: FlagDefinition })[FLAG] : undefined;
}
