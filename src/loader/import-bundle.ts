// Loads a materialized bundle into this process: the one way in which user code starts to run.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import vm from 'node:vm';
import { keepCode, keptCode } from '../system/kept-code.ts';
import { formOf } from './bundle-form.ts';
import { mapStacksOf, placeSyntaxError } from './mapped-stacks.ts';

type Exports = Record<string, unknown>;

const PIPELINE_DIR = Symbol.for('outflow.pipeline-dir');

let last: Promise<unknown> = Promise.resolve();
/** Of what was loaded, and none is kept of. */
const keepers: (() => void)[] = [];

/**
 * What the pipeline exports. `pipelineDir` is what `import.meta` and `__dirname` in the user's files begin with. Rejects with what
 * the user's code throws; then `userFrame` says where.
 *
 * Stacks name the user's files from here on. The compiled code is kept beside the script, by `keepBundles`, since host after host
 * loads the same one: 21 ms of CPU instead of 55 for a small pipeline with zod; a module takes 30, for Node's loader of modules does more.
 */
export function importBundle(script: string, pipelineDir: string): Promise<Exports> {
  // One after another: the directory is handed over by a global.
  const loading = last.then(() => load(script, pipelineDir));
  last = loading.catch(() => {});
  return loading;
}

/** Keeps the code of what was loaded, with what has been compiled since: to be called when `setup` has run. */
export function keepBundles(): void {
  for (const keep of keepers.splice(0)) keep();
}

async function load(script: string, pipelineDir: string): Promise<Exports> {
  mapStacksOf(script);
  (globalThis as Record<symbol, unknown>)[PIPELINE_DIR] = pipelineDir;
  const source = readFileSync(script, 'utf8');
  return formOf(source) === 'script' ? runScript(script, source) : await importModule(script);
}

function runScript(script: string, source: string): Exports {
  // V8 takes only what it has made itself, with the same options.
  const file = path.join(path.dirname(script), `compiled-${cachedDataVersionTag()}`);
  const cachedData = keptCode(file);
  const compiled = compile(source, pathToFileURL(script).href, cachedData);
  const exported = (compiled.runInThisContext()() ?? {}) as Exports; // of CommonJS, where it may be anything
  if (cachedData === undefined || compiled.cachedDataRejected) keepers.push(() => keepCode(file, compiled.createCachedData()));
  return exported;
}

async function importModule(script: string): Promise<Exports> {
  const cache = module.enableCompileCache(path.join(path.dirname(script), 'compiled'));
  const exported = await importFile(pathToFileURL(script).href);
  // A host is often ended by force, and then writes nothing.
  if (cache.status === module.constants.compileCacheStatus.ENABLED) keepers.push(() => module.flushCompileCache());
  return exported;
}

type Import = (url: string) => Promise<Exports>;

let imports: Import | undefined;

/** The program's own code is run as scripts, in which `import()` is missing, or knows only Node's own modules (a single executable). */
function importFile(url: string): Promise<Exports> {
  imports ??= compile('(url) => import(url)', 'outflow-import.js').runInThisContext() as Import;
  return imports(url);
}

/** Its `import()` is that of a module. */
function compile(source: string, filename: string, cachedData?: Buffer): vm.Script {
  withoutWarning();
  const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  try {
    return new vm.Script(source, { filename, cachedData, importModuleDynamically });
  } catch (error) {
    if (error instanceof SyntaxError) placeSyntaxError(error);
    throw error;
  }
}

let isWithout = false;

/** Node warns of this option of ours when the user's code first says `import()`; what else it warns of is shown. */
function withoutWarning(): void {
  if (isWithout) return;
  isWithout = true;
  const emitWarning = process.emitWarning as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    if (!String(args[0]).startsWith('vm.USE_MAIN_CONTEXT_DEFAULT_LOADER ')) emitWarning.apply(process, args);
  };
}
