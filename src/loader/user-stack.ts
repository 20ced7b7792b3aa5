// What of an error's stack is the user's: without Node's frames, and without those of outflow and its parts in the bundle.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from './code-frame.ts';
import { SCRIPT } from './materialize.ts';
import { isProgramFile } from './program.ts';

export interface UserFrame extends Place {
  /** `at setup (/home/u/pipeline.ts:3:5)`. */
  text: string;
}

/** The innermost frame in a file of the user's own; failing that, in a package of theirs. */
export function userFrame(error: unknown): Place | undefined {
  const frames = userFrames(error);
  const frame = frames.find(({ file }) => !file.includes(`${path.sep}node_modules${path.sep}`)) ?? frames[0];
  return frame && { file: frame.file, line: frame.line, column: frame.column };
}

/** At most `limit` lines of the form `    at name (file:line:column)`; empty where the user's code has no part in it. */
export function userStack(error: unknown, limit = 10): string {
  return userFrames(error)
    .slice(0, limit)
    .map(({ text }) => `    ${text}`)
    .join('\n');
}

function userFrames(error: unknown): UserFrame[] {
  const stack = typeof error === 'object' && error !== null ? (error as { stack?: unknown }).stack : undefined;
  if (typeof stack !== 'string') return [];
  return stack.split('\n').flatMap((line) => {
    const frame = parseFrame(line);
    return frame && isUsers(frame.file) ? [frame] : [];
  });
}

const FRAME = /^\s+at (?:(?<name>.+?) \()?(?<file>(?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?|.*?):(?<line>\d+):(?<column>\d+)\)?$/;

function parseFrame(text: string): UserFrame | undefined {
  const groups = FRAME.exec(text)?.groups;
  if (!groups) return undefined;
  const { name, line, column } = groups;
  const file = toPath(groups['file']!.replace(/^async /, ''));
  const place = `${file}:${line}:${column}`;
  return { file, line: Number(line), column: Number(column), text: name === undefined ? `at ${place}` : `at ${name} (${place})` };
}

function toPath(file: string): string {
  if (!file.startsWith('file://')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    return file;
  }
}

function isUsers(file: string): boolean {
  return path.isAbsolute(file) && path.basename(file) !== SCRIPT && !isProgramFile(file);
}
