// Stacks that name the user's files: frames of a loaded bundle are looked up in its source map when a stack is first read.
//
// Node's own source maps (`process.setSourceMapsEnabled`) do the same, but read each script through once more as it is loaded:
// a task host with zod in its bundle was ready 14 ms later (38 instead of 24).
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

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

function prepareStackTrace(error: Error, sites: NodeJS.CallSite[]): string {
  return [header(error), ...sites.map((site) => `    at ${frameText(site)}`)].join('\n');
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

function frameText(site: NodeJS.CallSite): string {
  const text = String(site);
  const [url, line, column] = [site.getScriptNameOrSourceURL(), site.getLineNumber(), site.getColumnNumber()];
  if (!url || line === null || column === null || !maps.has(url)) return text;
  const origin = mapOf(url)?.findEntry(line - 1, column - 1);
  if (origin === undefined || !('originalSource' in origin) || origin.originalSource === undefined) return text;
  const { originalSource, originalLine, originalColumn } = origin;
  const file = originalSource.startsWith('file:') ? fileURLToPath(originalSource) : originalSource;
  return text.replace(`${url}:${line}:${column}`, () => `${file}:${originalLine + 1}:${originalColumn + 1}`);
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
