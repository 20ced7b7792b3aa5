// How a pipeline's command is called, in one line: required arguments spelled out, the rest as [flags].
import type { CommandDescription } from '../../src/sdk/internal.ts';

/** `run compute_data --multiplier <integer> [flags]`. */
export function commandUsage(verb: string, command: CommandDescription): string {
  const required = command.flags.filter((flag) => flag.required && flag.default === undefined);
  const flags = required.map((flag) => (flag.kind === 'boolean' ? `--[no-]${flag.name}` : `--${flag.name} <${valueName(flag)}>`));
  return [verb, command.name, ...flags, '[flags]'].join(' ');
}

export function usageHint(verb: string, command: CommandDescription): string {
  return `usage: outflow ${commandUsage(verb, command)}\nall flags: outflow ${verb} ${command.name} --help`;
}

function valueName(flag: CommandDescription['flags'][number]): string {
  return flag.kind === 'option' && flag.options ? flag.options.join('|') : flag.kind;
}
