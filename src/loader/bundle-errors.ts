// What esbuild says about the user's files, as errors of outflow: file:line:column, the source line, what to do.
import path from 'node:path';
import type { Message } from 'esbuild';
import { OutflowError } from '../model/errors.ts';
import { codeFrame, displayPath, type Place, placeText } from './code-frame.ts';
import type { ImportedBy } from './import-chain.ts';
import { isInPackage, packageName } from './package-files.ts';

const NAMED = 3;

export function isBuildFailure(error: unknown): error is Error & { errors: Message[] } {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors);
}

/** The file of a package that the error is about; undefined: it is about one of the user's own. */
export function firstInPackage(messages: readonly Message[], dir: string): string | undefined {
  const first = firstOf(messages);
  const file = first && placeOf(first, dir)?.file;
  return file !== undefined && isInPackage(file) ? file : undefined;
}

/** `dir`: esbuild's working directory, from which its paths are. `by`: the import of the user's that led into a package. */
export function bundleError(messages: readonly Message[], dir: string, by?: ImportedBy): OutflowError {
  const first = firstOf(messages);
  if (!first) return new OutflowError('internal', 'esbuild failed and did not say why');
  const shown = [first, ...messages.filter((message) => message !== first)].slice(0, NAMED);
  const rest = messages.length - shown.length;
  const text =
    shown.map((message) => describeMessage(message, dir)).join('\n') + (rest > 0 ? `\nand ${rest} more` : '') + importText(by);
  const place = placeOf(first, dir);
  const where = by ? placeText(by) : place && placeText(place);
  const missing = missingName(first);
  if (missing !== undefined) {
    const from = path.dirname(place?.file ?? path.join(dir, 'pipeline.ts'));
    return new OutflowError('pipeline-unbundled', text, { hint: hintFor(missing, from), where });
  }
  if (NO_LOADER.test(first.text)) return new OutflowError('pipeline-unbundled', text, { hint: LOADER_HINT, where });
  if (place && isInPackage(place.file)) {
    const hint = 'this package cannot be bundled: look for a version of it that Node can load as it is, or do without it';
    return new OutflowError('pipeline-unbundled', text, { hint, where });
  }
  return new OutflowError(place ? 'pipeline-syntax' : 'pipeline-unbundled', text, { where });
}

/** What is missing explains the most. */
function firstOf(messages: readonly Message[]): Message | undefined {
  return messages.find((message) => missingName(message) !== undefined) ?? messages[0];
}

function importText(by: ImportedBy | undefined): string {
  return by === undefined ? '' : `\nimported by ${displayPath(by.file)}:${by.line}:${by.column} as ${JSON.stringify(by.spec)}`;
}

const NO_LOADER = /^No loader is configured for "(.*)" files: (.*)$/;
const LOADER_HINT = "say what it is: import x from './file' with { type: 'text' }; or 'bytes', or 'json'";

/** Names are kept, so that `eval` finds them. */
const NO_WARNING = new Set(['direct-eval']);

/** Warnings about the user's own files; of packages esbuild shows none. */
export function bundleWarnings(messages: readonly Message[], dir: string): string[] {
  return messages.filter(({ id }) => !NO_WARNING.has(id)).map((message) => describeMessage(message, dir));
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

/** esbuild's words, but for a module that only outflow knows, and for what would be done in another way with esbuild alone. */
function saidOf({ text }: Message): string {
  return text
    .replace(NO_LOADER, 'a file that ends in $1 is imported, and what is in it is not known')
    .replace(/^No matching export in "outflow-part:(\w+)" for import (".*")$/, '$1 does not export $2');
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
  if (isInPackage(from)) return `a package lacks what it needs: cd ${ownerOf(from)} && npm install`;
  if (isPath(name)) return 'check the path, and that the file was copied along with the pipeline';
  return `install it where the pipeline can find it: cd ${from} && npm install ${packageName(name)}`;
}

/** The directory whose packages were installed there. */
function ownerOf(dir: string): string {
  return dir.slice(0, dir.indexOf(`${path.sep}node_modules`)) || path.sep;
}
