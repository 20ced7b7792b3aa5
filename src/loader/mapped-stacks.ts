// Stacks that name the user's files: frames of a loaded bundle are looked up in its source map when a stack is first read.
//
// Node's own source maps (`process.setSourceMapsEnabled`) do the same, but read each script through once more as it is loaded:
// a task host with zod in its bundle was ready 14 ms later (38 instead of 24). And here a stack ends where the user's code begins:
// what outflow did to call it is of no use to them.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isProgramFile } from './program.ts';

/** By the script's URL; read when a stack first asks for it. */
const maps = new Map<string, SourceMap | undefined>();

/** From now on stacks that lead through `script` name the files that its map, `SCRIPT.map`, names. */
export function mapStacksOf(script: string): void {
  const url = pathToFileURL(script).href;
  if (!maps.has(url)) maps.set(url, undefined);
  Error.prepareStackTrace = prepareStackTrace;
  // The user's frames may lie below many of zod, of a package, or of Node's module loader.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
}

/**
 * V8 parses a script strictly, as it does modules; esbuild has passed what CommonJS may say elsewhere (`with`). Of such an error
 * the place stands above the stack, in the script; it becomes a frame, in the user's file.
 */
export function placeSyntaxError(error: SyntaxError): void {
  const [place = '', , carets = ''] = (error.stack ?? '').split('\n', 3);
  error.stack = `${header(error)}\n    at ${`${place}:${carets.indexOf('^') + 1}`.replace(PLACE, mapped)}`;
}

function prepareStackTrace(error: Error, sites: NodeJS.CallSite[]): string {
  const frames = sites.map(frameOf);
  const last = frames.findLastIndex(({ kind }) => kind === 'user');
  const shown = last === -1 ? frames : frames.slice(0, last + 1).filter(({ kind }) => kind !== 'part');
  return [header(error), ...shown.map(({ text }) => `    at ${text}`)].join('\n');
}

/** As V8 and Node write it. */
function header(error: Error): string {
  try {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string' && code.startsWith('ERR_')) return `${error.name} [${code}]: ${error.message}`;
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error'; // a getter of the user's threw
  }
}

interface Frame {
  /** `part`: of the SDK or zod in the bundle; `other`: of outflow's program or Node, seen only above the last of the user's. */
  kind: 'user' | 'part' | 'other';
  text: string;
}

function frameOf(site: NodeJS.CallSite): Frame {
  const text = String(site).replace(PLACE, mapped);
  const name = site.getScriptNameOrSourceURL() ?? '';
  if (maps.has(name)) return { kind: text.includes(name) ? 'part' : 'user', text };
  const file = name.startsWith('file:') ? fileURLToPath(name) : name;
  return { kind: path.isAbsolute(file) && !isProgramFile(file) ? 'user' : 'other', text };
}

/** There are two in a frame of `eval`. */
const PLACE = /(file:\/\/[^\s()]+):(\d+):(\d+)/g;

function mapped(place: string, url: string, line: string, column: string): string {
  if (!maps.has(url)) return place;
  const origin = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (origin === undefined || !('originalSource' in origin) || origin.originalSource === undefined) return place;
  const { originalSource, originalLine, originalColumn } = origin;
  if (!originalSource.startsWith('file:')) return place; // of the glue between files
  return `${fileURLToPath(originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
}

function mapOf(url: string): SourceMap | undefined {
  let map = maps.get(url);
  if (map === undefined) {
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
      maps.set(url, map);
    } catch {
      maps.delete(url); // removed or damaged: stacks name the script instead
    }
  }
  return map;
}
