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

/**
 * At most `limit` lines of the form `    at name (file:line:column)`; empty where the user's code has no part in it. A stack that
 * goes on with those of causes, each after a line `caused by …`, gives that line and the frames of each that has any.
 */
export function userStack(error: unknown, limit = 10): string {
  const [first = '', ...causes] = stackOf(error).split(/^(?=caused by )/m);
  const framesOf = (stack: string): string[] =>
    userFrames({ stack })
      .slice(0, limit)
      .map(({ text }) => `    ${text}`);
  const sections = causes.map((stack) => [`  ${stack.split('\n')[0]}`, ...framesOf(stack)]).filter((lines) => lines.length > 1);
  return [...framesOf(first), ...sections.flat()].join('\n');
}

function stackOf(error: unknown): string {
  const stack = typeof error === 'object' && error !== null ? (error as { stack?: unknown }).stack : undefined;
  return typeof stack === 'string' ? stack : '';
}

function userFrames(error: unknown): UserFrame[] {
  return stackOf(error)
    .split('\n')
    .flatMap((line) => {
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
