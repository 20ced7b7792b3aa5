// What oclif's parser complains about, as errors of ours: one line, the nearest name, the command's usage.

import { nearest } from '../../src/loader/nearest.ts';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';

interface ParserError extends Error {
  oclif?: unknown;
  /** Of an unknown flag: as typed, with dashes. Of a missing or superfluous argument: its name or text. */
  flags?: string[];
  args?: (string | { name: string; description?: string })[];
  parse?: { input?: { flags?: Record<string, unknown> } };
}

/** Errors that are not the parser's come back as they are. `usage`: how the command is called. */
export function fromOclif(error: unknown, usage: string): unknown {
  if (isOutflowError(error) || !(error instanceof Error)) return error;
  const { flags, args, oclif, parse, message } = error as ParserError;
  if (flags) return unknownFlag(flags[0] ?? '', Object.keys(parse?.input?.flags ?? {}), usage);
  if (args) {
    const missing = args.flatMap((arg) => (typeof arg === 'string' ? [] : [arg]));
    if (missing[0]) {
      const { name, description } = missing[0];
      const what = `${name.toUpperCase()} is missing${description ? `: ${lowerFirst(description)}` : ''}`;
      return new OutflowError('missing-argument', what, { hint: usage });
    }
    return new OutflowError('bad-argument', `unexpected argument ${args.join(' ')}`, { hint: usage });
  }
  if (oclif === undefined && !message.startsWith('Parsing --')) return error;
  return new OutflowError('bad-flag', firstLineOf(message), { hint: usage });
}

function unknownFlag(typed: string, known: readonly string[], usage: string): OutflowError {
  const name = typed.replace(/^-+/, '').replace(/=.*$/s, '');
  const near = nearest(name, known);
  const hint = near ? `did you mean --${near}?\n${usage}` : usage;
  return new OutflowError('bad-flag', `unknown flag ${typed.replace(/=.*$/s, '')}`, { hint });
}

/** oclif's own texts, without their decoration: `Parsing --workers \n\tExpected an integer …\nSee more help with --help`. */
function firstLineOf(message: string): string {
  const flag = /^Parsing (--\S+)/.exec(message)?.[1];
  const text = message
    .replace(/^Parsing --\S+\s*/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/\s*See more help with --help\s*$/, '')
    .trim();
  return flag ? `${flag}: ${lowerFirst(text)}` : lowerFirst(text);
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
