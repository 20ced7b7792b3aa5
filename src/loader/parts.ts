// The parts of outflow that go into a pipeline's bundle: the SDK and zod, bundled beforehand and put there as text.
//
// With them esbuild has only the user's files to read: a small pipeline took 26 ms instead of 75, and its source map 400 bytes
// instead of 400 KB. A part is one variable that holds the module's exports.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { embedded, isExecutable } from '../system/embedded.ts';
import { builtDir, programPackage, programRoot } from './program.ts';

export interface Part {
  /** `var __outflow_part_zod=(()=>{…})();` */
  code: string;
  exports: string[];
  /** Other parts that must stand before it. */
  needs: string[];
}

export type Parts = Readonly<Record<string, Part>>;

/** The packages of which outflow brings its own copy, in the order in which the parts must stand. */
export const PART_NAMES = ['zod', 'outflow'] as const;

const partVariable = (name: string): string => `__outflow_part_${name}`;

let loaded: Promise<Parts> | undefined;

/** The built program has them beside it; from its sources they are made once a process. */
export function loadParts(): Promise<Parts> {
  loaded ??= isExecutable || builtDir ? Promise.resolve(JSON.parse(readParts())) : buildParts();
  return loaded;
}

function readParts(): string {
  if (isExecutable) return embedded('pipeline-parts.json').toString();
  return readFileSync(path.join(builtDir ?? '', 'pipeline-parts.json'), 'utf8');
}

/** Makes the parts; the build calls it too. `define`: what the build says of the version. */
export async function buildParts(
  define: Record<string, string> = { __OUTFLOW_VERSION__: '"0.0.0"', __OUTFLOW_COMMIT__: '"unknown"' },
): Promise<Parts> {
  const [zod, outflow] = await Promise.all([
    buildPart('zod', path.join(programPackage('zod') ?? programRoot, 'index.js'), define),
    buildPart('outflow', path.join(programRoot, 'src', 'index.ts'), define),
  ]);
  return { zod, outflow };
}

async function buildPart(name: string, entry: string, define: Record<string, string>): Promise<Part> {
  const esbuild = await import('esbuild');
  const options = {
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    minify: true,
    // Names of functions of the SDK stay readable in a stack; zod's are hidden from it and 130 KB smaller without.
    minifyIdentifiers: name === 'zod',
    legalComments: 'none',
    logLevel: 'silent',
    loader: { '.sql': 'text', '.proto': 'text' },
    outfile: '/part.js',
    absWorkingDir: programRoot,
    define,
  } satisfies BuildOptions;
  const needs = new Set<string>();
  const withParts = { ...options, plugins: name === 'zod' ? [] : [zodIsAPart(needs)] };
  const [script, listing] = await Promise.all([
    esbuild.build({ ...withParts, format: 'iife', globalName: partVariable(name) }),
    esbuild.build({ ...withParts, format: 'esm' }), // the metafile of the other format does not list the exports
  ]);
  return {
    code: script.outputFiles[0]!.text.trim(),
    exports: Object.values(listing.metafile.outputs)[0]!.exports,
    needs: [...needs],
  };
}

function zodIsAPart(needs: Set<string>): Plugin {
  return {
    name: 'zod-is-a-part',
    setup(build) {
      build.onResolve({ filter: /^zod$/ }, () => {
        needs.add('zod');
        return { path: 'zod', namespace: 'outflow-part' };
      });
      build.onLoad({ filter: /./, namespace: 'outflow-part' }, () => ({ contents: `module.exports=${partVariable('zod')}` }));
    },
  };
}

/** The module through which user code imports a part. What it does not use is shaken off; a wrong name is esbuild's error. */
export function partModule(name: string, part: Part): string {
  const lines = part.exports.map((key, at) => {
    const value = `/* @__PURE__ */ get(${JSON.stringify(key)})`;
    return key === 'default' ? `export default ${value};` : `const e${at} = ${value}; export { e${at} as ${key} };`;
  });
  return `const get = (key) => ${partVariable(name)}[key];\n${lines.join('\n')}`;
}
