// The parts of outflow that go into a pipeline's bundle: the SDK and zod, bundled beforehand and put there as text.
//
// With them esbuild has only the user's files to read: a small pipeline took 26 ms instead of 75, and its source map 400 bytes
// instead of 400 KB. A part is one variable that holds the module's exports, and is in the bundles that mention it: `sql` is a part
// of its own, for with Slonik's tag and zod it is most of the SDK, and many pipelines have no database. Few import `zod/mini` and
// the like: these are a wider part, which takes the place of the other.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { embedded, isExecutable } from '../system/embedded.ts';
import { literalNamespaces } from './namespaces.ts';
import { packageJson } from './package-files.ts';
import { builtDir, programPackage, programRoot } from './program.ts';

export interface Part {
  /** `var __outflow_part_zod=(()=>{…})();` */
  code: string;
  /** The exports of each module in it, by what a pipeline writes to import it. */
  modules: Record<string, string[]>;
  /** Modules that only do something, and where they are imported: their text. They import others as `outflow-part:NAME`. */
  effects?: Record<string, string>;
  /** Other parts that must stand before it. */
  needs: PartName[];
}

export interface Parts {
  zod: Part;
  sql: Part;
  outflow: Part;
  /** Of the zod inside: a pipeline's own of the same version is taken for it. */
  zodVersion: string;
}

export type PartName = 'zod' | 'sql' | 'outflow';

/** In the order in which they must stand. */
const PART_NAMES: readonly PartName[] = ['zod', 'sql', 'outflow'];

/** The packages of which outflow brings its own copy. */
export const PART_PACKAGES = ['zod', 'outflow'] as const;

const partVariable = (name: PartName): string => `__outflow_part_${name}`;
/** In the wider part of zod: its modules by name. */
const ZOD_MODULES = '__outflow_zod_modules';

let loaded: Promise<Parts> | undefined;

/** The built program has them beside it; from its sources they are made once a process. */
export function loadParts(): Promise<Parts> {
  loaded ??= isExecutable || builtDir ? Promise.resolve(readBuilt<Parts>('pipeline-parts.json')) : buildParts();
  return loaded;
}

let loadedZod: Promise<Part> | undefined;

/** zod with all its modules. It gives `zod` too, so that there is one zod in a bundle. */
export function loadWideZod(): Promise<Part> {
  loadedZod ??= isExecutable || builtDir ? Promise.resolve(readBuilt<Part>('pipeline-zod.json')) : buildWideZod();
  return loadedZod;
}

function readBuilt<T>(file: string): T {
  return JSON.parse(isExecutable ? embedded(file).toString() : readFileSync(path.join(builtDir ?? '', file), 'utf8'));
}

/** Makes the parts; the build calls it too. `define`: what the build says of the version. */
export async function buildParts(
  define: Record<string, string> = { __OUTFLOW_VERSION__: '"0.0.0"', __OUTFLOW_COMMIT__: '"unknown"' },
): Promise<Parts> {
  const [zod, sql, outflow] = await Promise.all([
    buildPart('zod', path.join(zodDir(), 'index.js'), define),
    buildPart('sql', sqlFile, define),
    buildPart('outflow', path.join(programRoot, 'src', 'index.ts'), define),
  ]);
  return { zod, sql, outflow, zodVersion: packageJson(zodDir()).version ?? '' };
}

/** The build makes this one as well. */
export async function buildWideZod(): Promise<Part> {
  const files = new Map(zodModules());
  const modules = await Promise.all(
    [...files].map(async ([spec, file]) => [spec, Object.keys(await import(pathToFileURL(file).href))] as const),
  );
  const lines = [...files].map(([spec, file]) => `export * as ${JSON.stringify(spec)} from ${JSON.stringify(file)};`);
  const [script] = await bundle({ stdin: { contents: lines.join(''), resolveDir: programRoot } }, ZOD_MODULES);
  const code = `${script}var ${partVariable('zod')}=${ZOD_MODULES}["zod"];`;
  // It concerns what is made after it. All that it imports is in `zod/v4/core`.
  const compile = readFileSync(path.join(zodDir(), 'compile.js'), 'utf8').replace(
    / from ".*";$/gm,
    ' from "outflow-part:zod/v4/core";',
  );
  return { code, modules: Object.fromEntries(modules), effects: { 'zod/compile': compile }, needs: [] };
}

const sqlFile = path.join(programRoot, 'src', 'db', 'sql.ts');

function zodDir(): string {
  return programPackage('zod') ?? programRoot;
}

/** All that may be imported of zod, but `zod/compile`. */
function* zodModules(): Generator<[spec: string, file: string]> {
  const { exports = {} } = packageJson(zodDir());
  for (const [name, conditions] of Object.entries(exports)) {
    if (typeof conditions === 'string' || name === './compile') continue;
    const file = path.join(zodDir(), conditions['import'] ?? '');
    if (!name.endsWith('/*')) yield [path.posix.join('zod', name), file];
    else {
      const names = readdirSync(path.dirname(file)).filter((one) => one.endsWith('.js') && one !== 'index.js');
      for (const one of names) yield [path.posix.join('zod', path.dirname(name), one), path.join(path.dirname(file), one)];
    }
  }
}

async function buildPart(name: PartName, entry: string, define: Record<string, string>): Promise<Part> {
  const needs = new Set<PartName>();
  const options = { entryPoints: [entry], define, plugins: name === 'zod' ? [] : [otherParts(entry, needs)] };
  const [code, exports] = await bundle(options, partVariable(name));
  return { code, modules: { [name]: exports }, needs: [...needs] };
}

type Source = Pick<BuildOptions, 'entryPoints' | 'stdin' | 'define' | 'plugins'>;

async function bundle(more: Source, variable: string): Promise<[code: string, exports: string[]]> {
  const esbuild = await import('esbuild');
  const options = {
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
    loader: { '.sql': 'text' },
    outfile: '/part.js',
    absWorkingDir: programRoot,
  } satisfies BuildOptions;
  const [script, listing] = await Promise.all([
    esbuild.build({ ...options, ...more, format: 'iife', globalName: variable }),
    esbuild.build({ ...options, ...more, format: 'esm' }), // the metafile of the other format does not list the exports
  ]);
  // The copy of all exports that esbuild makes at the end would only add `__esModule`.
  const code = literalNamespaces(script.outputFiles[0]!.text.trim()).replace(
    /return [\w$]+\(([\w$]+)\);\}\)\(\);$/,
    'return $1})();',
  );
  return [code, Object.values(listing.metafile.outputs)[0]!.exports];
}

/** What is in other parts: zod, which it needs, and `sql`, which whoever imports it takes from there. */
function otherParts(entry: string, needs: Set<PartName>): Plugin {
  return {
    name: 'other-parts',
    setup(build) {
      build.onResolve({ filter: /^zod$/ }, () => {
        needs.add('zod');
        return { path: 'zod', namespace: 'outflow-part' };
      });
      build.onLoad({ filter: /./, namespace: 'outflow-part' }, () => ({
        contents: `export const { z } = ${partVariable('zod')}`,
      }));
      build.onLoad({ filter: /sql\.ts$/ }, ({ path: file }) =>
        file === sqlFile && file !== entry ? { contents: 'export let sql;' } : undefined,
      );
    },
  };
}

/** The module through which user code imports `spec`. What it does not use is shaken off; a wrong name is esbuild's error. */
export function partModule(spec: string, exports: readonly string[]): string {
  const root = PART_PACKAGES.find((name) => name === spec);
  const lines = exports.map((key, at) => {
    const part = root === 'outflow' && key === 'sql' ? 'sql' : root;
    const variable = part === undefined ? `${ZOD_MODULES}[${JSON.stringify(spec)}]` : partVariable(part);
    const value = `/* @__PURE__ */ get(() => ${variable}[${JSON.stringify(key)}])`;
    return key === 'default' ? `export default ${value};` : `const e${at} = ${value}; export { e${at} as ${key} };`;
  });
  return `const get = (what) => what();\n${lines.join('\n')}`;
}

/** The parts that a bundle mentions, and those that these need, in their order. */
export function partsIn(text: string, parts: Parts): PartName[] {
  const mentioned = PART_NAMES.filter(
    (name) => text.includes(partVariable(name)) || (name === 'zod' && text.includes(ZOD_MODULES)),
  );
  return PART_NAMES.filter((name) => mentioned.includes(name) || mentioned.some((user) => parts[user].needs.includes(name)));
}
