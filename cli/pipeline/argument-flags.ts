// A pipeline command's own arguments as flags: for the parser, for the help, and their values by type.

import * as Flags from '@oclif/core/flags';
import type * as Interfaces from '@oclif/core/interfaces';
import { nearest } from '../../src/loader/nearest.ts';
import { OutflowError } from '../../src/model/errors.ts';
import type { CommandDescription, FlagDescription } from '../../src/sdk/internal.ts';

/** What the parser needs: text is converted and checked by `argumentValues`, whose messages say more than oclif's. */
export function argumentFlags(flags: readonly FlagDescription[]): Interfaces.FlagInput {
  return Object.fromEntries(flags.map((flag) => [flag.name, argumentFlag(flag)]));
}

function argumentFlag(flag: FlagDescription): Interfaces.FlagInput[string] {
  const kebab = kebabName(flag.name);
  const aliases = kebab === flag.name ? [] : [kebab];
  if (flag.kind === 'boolean') return Flags.boolean({ aliases, allowNo: true });
  return flag.multiple ? Flags.string({ aliases, multiple: true, multipleNonGreedy: true }) : Flags.string({ aliases });
}

/** `some_value` and `someValue` are also written `--some-value`. */
export function kebabName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** The arguments by name, defaults filled in. Errors `missing-argument` (all of them in one message) and `bad-argument`. */
export function argumentValues(
  command: CommandDescription,
  given: Record<string, unknown>,
  usage: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const missing: FlagDescription[] = [];
  for (const flag of command.flags) {
    const raw = given[flag.name];
    if (raw === undefined && flag.default !== undefined) values[flag.name] = flag.default;
    else if (raw === undefined && flag.required) missing.push(flag);
    else if (raw !== undefined)
      values[flag.name] = Array.isArray(raw) ? raw.map((text) => typedValue(flag, text, usage)) : typedValue(flag, raw, usage);
  }
  if (missing.length === 0) return values;
  const list = missing.map((flag) => `--${flag.name} (${typeText(flag)})${flag.description ? `: ${flag.description}` : ''}`);
  const message = list.length === 1 ? `${command.name} needs ${list[0]}` : [`${command.name} needs`, ...list].join('\n  ');
  throw new OutflowError('missing-argument', message, { hint: usage });
}

function typedValue(flag: FlagDescription, raw: unknown, usage: string): unknown {
  if (typeof raw !== 'string') return raw;
  const wrong = (what: string, hint?: string): OutflowError =>
    new OutflowError('bad-argument', `--${flag.name} must be ${what}, not '${raw}'`, {
      hint: hint ? `${hint}\n${usage}` : usage,
    });
  switch (flag.kind) {
    case 'boolean':
    case 'string':
      return raw;
    case 'option': {
      const options = flag.options ?? [];
      if (options.includes(raw)) return raw;
      const near = nearest(raw, options);
      throw wrong(`one of ${options.join(', ')}`, near && `did you mean ${near}?`);
    }
    case 'integer':
    case 'number': {
      const value = Number(raw);
      const isNumber = raw.trim() !== '' && Number.isFinite(value);
      if (flag.kind === 'integer' && !(isNumber && /^[+-]?\d+$/.test(raw) && Number.isSafeInteger(value)))
        throw wrong('an integer');
      if (!isNumber) throw wrong('a number');
      if (flag.min !== undefined && value < flag.min) throw wrong(`at least ${flag.min}`);
      if (flag.max !== undefined && value > flag.max) throw wrong(`at most ${flag.max}`);
      return value;
    }
  }
}

/** `integer, at least 1`, `fast|slow`, for messages and help. */
export function typeText(flag: FlagDescription): string {
  const kind = flag.kind === 'option' ? (flag.options ?? []).join('|') : flag.kind;
  const bounds = [flag.min !== undefined && `at least ${flag.min}`, flag.max !== undefined && `at most ${flag.max}`];
  return [kind, ...bounds].filter(Boolean).join(', ');
}
