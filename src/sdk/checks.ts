// Checks of the shape of definitions, for users whose editor did not stop them. Each throws `bad-definition`.
import { parseDuration } from '../base/duration.ts';
import { OutflowError } from '../model/errors.ts';
import { memoryMib } from '../plan/slurm-values.ts';
import type { InputDefinition } from './definition.ts';
import { inputDefinitionOf } from './inputs.ts';
import { isSchema, type Schema } from './schema.ts';

export function badDefinition(message: string, hint?: string): OutflowError {
  return new OutflowError('bad-definition', message, { hint });
}

const STEP_NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u;
const MEMBER_NAME = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** A step's name becomes a part of addresses (RUN/step/index). */
export function checkStepName(name: unknown, what: string): string {
  if (typeof name === 'string' && STEP_NAME.test(name)) return name;
  throw badDefinition(
    `${what} needs a name, not ${shown(name)}`,
    'a name begins with a letter and holds letters, digits, `_`, `-` and `.`',
  );
}

export function checkMemberName(name: string, what: string): void {
  refuseInherited(name, what);
  if (MEMBER_NAME.test(name)) return;
  throw badDefinition(
    `${what} cannot be named ${shown(name)}`,
    'a name begins with a letter and holds letters, digits, `_` and `-`',
  );
}

/** One that is left out would be taken for given. */
export function refuseInherited(name: string, what: string): void {
  if (name in Object.prototype)
    throw badDefinition(`${what} cannot be named ${shown(name)}`, 'every object in JavaScript has something of that name');
}

/** `options` as a record whose keys are all known, so that a misspelt option is not ignored. */
export function checkOptions(options: unknown, known: readonly string[], what: string): Record<string, unknown> {
  if (typeof options !== 'object' || options === null)
    throw badDefinition(`${what} takes an object of options, not ${shown(options)}`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw badDefinition(`${what} has no option \`${key}\``, `its options are ${known.join(', ')}`);
  }
  return options as Record<string, unknown>;
}

export function checkShape(value: unknown, what: string): Record<string, Schema> {
  const shape: Record<string, Schema> = {};
  for (const [name, schema] of members(value, what)) {
    if (!isSchema(schema)) throw notASchema(`${what} \`${name}\``, schema);
    shape[name] = schema;
  }
  return shape;
}

export function checkInputs(value: unknown, what: string): Record<string, InputDefinition> {
  const inputs: Record<string, InputDefinition> = {};
  for (const [name, given] of members(value, what)) {
    const definition = inputDefinitionOf(given) ?? { schema: given as Schema };
    if (!isSchema(definition.schema)) throw notASchema(`${what} \`${name}\``, definition.schema);
    if (definition.iterateOn !== undefined) checkMemberName(definition.iterateOn, `the array of ${what} \`${name}\``);
    inputs[name] = definition;
  }
  return inputs;
}

function members(value: unknown, what: string): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || isSchema(value)) {
    throw badDefinition(
      `${what}: an object of named schemas is wanted, not ${isSchema(value) ? 'a schema' : shown(value)}`,
      'write { name: schema, … }',
    );
  }
  const entries = Object.entries(value);
  for (const [name] of entries) checkMemberName(name, what);
  return entries;
}

function notASchema(what: string, value: unknown): OutflowError {
  return badDefinition(
    `${what} is ${shown(value)}, not a schema`,
    'anything that speaks Standard Schema serves, such as z.string()',
  );
}

export function checkFunction<T>(value: T, what: string): T {
  if (typeof value !== 'function') throw badDefinition(`${what} must be a function, not ${shown(value)}`);
  return value;
}

export function checkBoolean(value: unknown, what: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw badDefinition(`${what} must be true or false, not ${shown(value)}`);
  return value;
}

export function checkText(value: unknown, what: string): string | undefined {
  if (value !== undefined && typeof value !== 'string') throw badDefinition(`${what} must be a text, not ${shown(value)}`);
  return value;
}

export function checkChoice<T extends string>(value: unknown, choices: readonly T[], what: string): T | undefined {
  if (value === undefined || choices.includes(value as T)) return value as T | undefined;
  throw badDefinition(`${what} must be one of ${choices.join(', ')}, not ${shown(value)}`);
}

export function checkCount(value: unknown, least: number, what: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw badDefinition(`${what} must be a whole number of ${least} or more, not ${shown(value)}`);
}

/** Milliseconds of a duration. */
export function checkDuration(value: unknown, what: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  throw badDefinition(
    `${what} is ${shown(value)}, not a duration`,
    'a number of seconds, or a text such as 250ms, 1.5s, 5m, 2h30m, at most 24d',
  );
}

/** MiB of an amount of memory, of at least 1. */
export function checkMemory(value: unknown, what: string): number {
  const mib = memoryMib(value);
  if (mib !== undefined && mib > 0) return mib;
  throw badDefinition(
    `${what} is ${shown(value)}, not an amount of memory`,
    'a whole number with K, M, G or T; without, of MiB: 500M, 4G, 2048',
  );
}

/** A value as it may stand in a message. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
