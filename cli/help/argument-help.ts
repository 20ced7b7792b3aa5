// A pipeline command's arguments as oclif's help shows flags.
import type { Command } from '@oclif/core/command';
import type { FlagDescription } from '../../src/sdk/internal.ts';
import { typeText } from '../pipeline/argument-flags.ts';

export function argumentHelpFlags(flags: readonly FlagDescription[]): Record<string, Command.Flag.Cached> {
  return Object.fromEntries(flags.map((flag) => [flag.name, helpFlag(flag)]));
}

function helpFlag(flag: FlagDescription): Command.Flag.Cached {
  const { name, description = '' } = flag;
  const required = flag.required && flag.default === undefined;
  if (flag.kind === 'boolean') {
    const shown = flag.default === undefined ? description : `[default: ${flag.default}] ${description}`;
    return { type: 'boolean', name, allowNo: true, required, description: escapeTemplate(shown) };
  }
  const defaults = flag.default === undefined ? {} : { default: escapeTemplate(defaultText(flag.default)) };
  return {
    type: 'option',
    name,
    required,
    multiple: flag.multiple,
    helpValue: `<${typeText(flag)}>`,
    description: escapeTemplate(description),
    ...defaults,
  };
}

function defaultText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** oclif's help is a template; what a user wrote is not. */
export function escapeTemplate(text: string): string {
  return text.replaceAll('<%', '<%%');
}
