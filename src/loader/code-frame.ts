// Lines of a user's file with a caret under the place that a message is about.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Place {
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in characters. */
  column: number;
}

/** `file:line:column`, the file absolute. */
export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** The path as a person in `cwd` would write it, when that is shorter. */
export function displayPath(file: string, cwd: string = process.cwd()): string {
  const relative = path.relative(cwd, file);
  return relative.startsWith(`..${path.sep}..`) || relative === '' ? file : relative;
}

/** The line and a caret; an empty string where the line cannot be had. */
export function codeFrame(place: Place, lineText: string | undefined = lineOf(place)): string {
  if (lineText === undefined || lineText.length > 500) return '';
  const gutter = ` ${place.line} │ `;
  const indent = lineText.slice(0, place.column - 1).replace(/[^\t]/g, ' ');
  return `${gutter}${lineText.trimEnd()}\n${' '.repeat(gutter.length)}${indent}^`;
}

function lineOf({ file, line }: Place): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1];
  } catch {
    return undefined;
  }
}
