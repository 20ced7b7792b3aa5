// What may stand at the end of a command line that is being typed: commands, flags and their values, a pipeline's commands and
// its arguments. The shells ask for it: `outflow __complete WORD...`, where the last word is the one to be completed.
import type { CommandDescription } from '../../src/sdk/internal.ts';
import manifest from '../oclif.manifest.json' with { type: 'json' };
import { pipelineVerb } from '../words.ts';
import { SHELLS } from './scripts.ts';

interface Flag {
  name: string;
  char?: string;
  type: string;
  allowNo?: boolean;
  options?: string[];
}

const commands = manifest.commands as unknown as Record<string, { flags: Record<string, Flag> }>;

/** Prints them, a line each. A command line that makes no sense has none. */
export async function printCompletions(words: string[]): Promise<number> {
  try {
    const found = await completions(words, describe);
    if (found.length > 0) process.stdout.write(`${found.join('\n')}\n`);
  } catch {
    // A pipeline that cannot be loaded: whoever runs it is told.
  }
  return 0;
}

export async function completions(
  words: readonly string[],
  pipelineCommands: (file: string | undefined) => Promise<CommandDescription[]>,
): Promise<string[]> {
  const { before, last, prefix } = parted(words);
  const found = await candidates(before, last, pipelineCommands);
  return found
    .filter((one) => one.startsWith(last))
    .sort()
    .map((one) => prefix + one);
}

/** `--flag=value` is one word to zsh and fish, which want all of it back, and three to bash. */
function parted(words: readonly string[]): { before: string[]; last: string; prefix: string } {
  const before = words.slice(0, -1).filter((word) => word !== '=');
  const last = words.at(-1)?.replace(/^=$/, '') ?? '';
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(last) ?? [];
  return flag === undefined || value === undefined
    ? { before, last, prefix: '' }
    : { before: [...before, flag], last: value, prefix: `${flag}=` };
}

async function candidates(
  before: readonly string[],
  last: string,
  pipelineCommands: (file: string | undefined) => Promise<CommandDescription[]>,
): Promise<string[]> {
  const [verb = '', ...rest] = before[0] === 'help' ? before.slice(1) : before;
  const named = Object.keys(commands).map((id) => id.split(':') as [string, string?]);
  if (verb === '') return [...new Set([...named.map(([word]) => word), 'help'])];
  const subcommands = named.flatMap(([word, sub]) => (word === verb && sub !== undefined ? [sub] : []));
  if (subcommands.length > 0 && rest.length === 0) return subcommands;
  const flags = Object.values(commands[subcommands.length > 0 ? `${verb}:${rest[0]}` : verb]?.flags ?? {});
  const valued = flags.find((flag) => flag.type === 'option' && isWrittenAs(flag, before.at(-1) ?? ''));
  if (valued) return valued.options ?? [];
  if (verb === 'completions') return Object.keys(SHELLS);
  const own = pipelineVerb(verb) !== undefined ? await pipelineCommands(fileIn(rest, flags)) : [];
  const args = own.find(({ name }) => rest.includes(name))?.flags ?? [];
  const arg = args.find(({ name, kind }) => kind !== 'boolean' && before.at(-1) === `--${name}`);
  if (arg) return arg.options ?? [];
  if (!last.startsWith('-')) return own.some(({ name }) => rest.includes(name)) ? [] : own.map(({ name }) => name);
  return [...flags.flatMap(wordsOf), ...args.map(({ name }) => `--${name}`), '--help'];
}

function wordsOf({ name, allowNo }: Flag): string[] {
  return allowNo ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

function isWrittenAs({ name, char }: Flag, word: string): boolean {
  return word === `--${name}` || (char !== undefined && word === `-${char}`);
}

function fileIn(rest: readonly string[], flags: readonly Flag[]): string | undefined {
  const pipeline = flags.find(({ name }) => name === 'pipeline');
  const at = rest.findIndex((word) => pipeline && isWrittenAs(pipeline, word));
  return at < 0 ? undefined : rest[at + 1];
}

async function describe(file: string | undefined): Promise<CommandDescription[]> {
  const { describePipeline } = await import('../help/describe-pipeline.ts');
  return (await describePipeline(file, false)).commands;
}
