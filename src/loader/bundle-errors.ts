// What esbuild says about the user's files, as errors of outflow: file:line:column, the source line, what to do.
import path from 'node:path';
import type { Message } from 'esbuild';
import { OutflowError } from '../model/errors.ts';
import { codeFrame, displayPath, type Place, placeText } from './code-frame.ts';
import { packageName } from './package-files.ts';

const NAMED = 3;

export function isBuildFailure(error: unknown): error is Error & { errors: Message[] } {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors);
}

/** `dir`: esbuild's working directory, from which its paths are. */
export function bundleError(messages: readonly Message[], dir: string): OutflowError {
  const missing = messages.find((message) => missingName(message) !== undefined);
  const first = missing ?? messages[0];
  if (!first) return new OutflowError('internal', 'esbuild failed and did not say why');
  const shown = [first, ...messages.filter((message) => message !== first)].slice(0, NAMED);
  const rest = messages.length - shown.length;
  const text = shown.map((message) => describeMessage(message, dir)).join('\n') + (rest > 0 ? `\nand ${rest} more` : '');
  const place = placeOf(first, dir);
  const where = place && placeText(place);
  if (missing) {
    const name = missingName(missing)!;
    const from = path.dirname(place?.file ?? path.join(dir, 'pipeline.ts'));
    return new OutflowError('pipeline-unbundled', text, { hint: hintFor(name, from), where });
  }
  // esbuild's own notes help where a package, not the user, is at fault.
  return new OutflowError(place ? 'pipeline-syntax' : 'pipeline-unbundled', text, { where });
}

/** Warnings about the user's own files; of packages esbuild shows none. */
export function bundleWarnings(messages: readonly Message[], dir: string): string[] {
  return messages.map((message) => describeMessage(message, dir));
}

function describeMessage(message: Message, dir: string): string {
  const place = placeOf(message, dir);
  const name = missingName(message);
  const text =
    name === undefined ? saidOf(message) : `cannot find ${isPath(name) ? 'the file' : 'the package'} ${JSON.stringify(name)}`;
  if (!place) return text;
  const frame = codeFrame(place, message.location?.lineText);
  return `${displayPath(place.file)}:${place.line}:${place.column}: ${text}${frame && `\n${frame}`}`;
}

/** esbuild's words, but for a module that only outflow knows. */
function saidOf({ text }: Message): string {
  return text.replace(/^No matching export in "outflow-part:(\w+)" for import (".*")$/, '$1 does not export $2');
}

function placeOf({ location }: Message, dir: string): Place | undefined {
  if (!location) return undefined;
  // esbuild counts columns from 0, in bytes of UTF-8.
  const before = Buffer.from(location.lineText, 'utf8').subarray(0, location.column).toString('utf8');
  return { file: path.resolve(dir, location.file.replace(/^file:/, '')), line: location.line, column: before.length + 1 };
}

function missingName({ text }: Message): string | undefined {
  return /^Could not resolve "(.+)"/.exec(text)?.[1];
}

function isPath(name: string): boolean {
  return /^\.{0,2}\//.test(name) || name === '.' || name === '..';
}

function hintFor(name: string, from: string): string {
  if (isPath(name)) return 'check the path, and that the file was copied along with the pipeline';
  return `install it where the pipeline can find it: cd ${from} && npm install ${packageName(name)}`;
}
