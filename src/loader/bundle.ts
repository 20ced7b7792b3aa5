// Bundles a pipeline file and all it imports into one script with a source map, known by its content.
import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { BuildOptions, BuildResult, Loader, Metafile } from 'esbuild';
import { bundleError, bundleWarnings, firstInPackage, isBuildFailure } from './bundle-errors.ts';
import { type BundleForm, EXPORTS, scriptOf } from './bundle-form.ts';
import { type Esbuild, withEsbuild } from './esbuild.ts';
import { EXTERNALS_RUNTIME } from './externals.ts';
import { importedBy } from './import-chain.ts';
import { META, META_DEFINE, originalPaths, RUNTIME } from './original-paths.ts';
import { type PackagesUsed, packages } from './packages.ts';
import { loadParts, loadWideZod, type PartName, type Parts, partsIn } from './parts.ts';
import { bundleHash, encodeBundle } from './stored-bundle.ts';
import { decoratorWarnings } from './tsconfig.ts';

export interface Bundle {
  /** SHA-256 of `bytes`. The same code gives the same hash in any directory. */
  hash: string;
  /** What is stored and sent; `materializeBundle` makes a script of it. */
  bytes: Uint8Array;
  /** Real directory of the bundled file: where externals, and the paths in the bundle, are looked up from. */
  pipelineDir: string;
  externals: string[];
  warnings: string[];
}

/** Beside code and JSON. A package for browsers, too, may say which style sheets it needs. */
const LOADERS: Record<string, Loader> = {
  ...Object.fromEntries(['.txt', '.sql', '.md', '.csv', '.tsv', '.html', '.sh', '.py', '.r', '.jl'].map((end) => [end, 'text'])),
  '.css': 'empty',
};
type Output = BuildResult<{ write: false; metafile: true }>;

/** Errors `pipeline-syntax` and `pipeline-unbundled`; the signal's reason. */
export async function bundlePipeline(file: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Bundle> {
  const entry = realpathSync(file);
  const dir = path.dirname(entry);
  return withEsbuild(async (esbuild) => {
    const parts = await loadParts();
    try {
      const plain = await build(esbuild, entry, parts, 'script').catch((error: unknown) => {
        if (isBuildFailure(error) && error.errors.some(({ text }) => text.startsWith('Top-level await'))) {
          return build(esbuild, entry, parts, 'module');
        }
        throw error;
      });
      // Few pipelines ask for their own place; only theirs are read file by file in this process (+0.2 ms a file).
      const result = plain.text.includes(META) ? await build(esbuild, entry, parts, plain.form, plain) : plain;
      const bytes = encodeBundle({ ...(await assemble(result, parts)), externals: [...result.used.externals].sort() });
      return {
        hash: bundleHash(bytes),
        bytes,
        pipelineDir: dir,
        externals: [...result.used.externals].sort(),
        warnings: result.warnings,
      };
    } catch (error) {
      if (!isBuildFailure(error)) throw error;
      const inPackage = firstInPackage(error.errors, dir);
      const by =
        inPackage === undefined
          ? undefined
          : await importedBy(esbuild, optionsFor(entry, parts, noneUsed(), 'module'), inPackage);
      throw bundleError(error.errors, dir, by);
    }
  }, options.signal);
}

interface Built {
  form: BundleForm;
  inputs: Metafile['inputs'];
  text: string;
  map: string;
  used: PackagesUsed;
  warnings: string[];
}

/** `plain`: the bundle in which no file knows its place; now each that asks is told. */
async function build(esbuild: Esbuild, entry: string, parts: Parts, form: BundleForm, plain?: Built): Promise<Built> {
  const dir = path.dirname(entry);
  const used = noneUsed();
  const { plugins, ...options } = optionsFor(entry, parts, used, form);
  if (plain) plugins.push(originalPaths(dir, (file) => isEsModule(plain, dir, file)));
  const { outputFiles, metafile, warnings }: Output = await esbuild.build({ ...options, plugins });
  const [map, script] = outputFiles;
  const text = script!.text;
  return {
    form,
    inputs: metafile.inputs,
    text,
    map: map!.text,
    used,
    warnings: [...bundleWarnings(warnings, dir), ...decoratorWarnings(text, Object.keys(metafile.inputs), dir)],
  };
}

const noneUsed = (): PackagesUsed => ({ isWideZod: false, externals: new Set() });

function optionsFor(entry: string, parts: Parts, used: PackagesUsed, form: BundleForm) {
  const dir = path.dirname(entry);
  return {
    entryPoints: [entry],
    absWorkingDir: dir, // paths in the output, such as names of CommonJS wrappers, are from here
    outfile: path.join(dir, 'outflow-bundle.mjs'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    ...(form === 'module' ? { format: 'esm' } : { format: 'iife', globalName: EXPORTS }),
    target: 'node24',
    minifyWhitespace: true,
    lineLimit: 500, // of a column after 1,000 V8 does not tell when a script does not parse
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    logLimit: 0,
    define: META_DEFINE,
    loader: LOADERS,
    plugins: [packages(dir, parts, used)],
  } satisfies BuildOptions;
}

function isEsModule({ inputs }: Built, dir: string, file: string): boolean | undefined {
  const format = inputs[path.relative(dir, file)]?.format;
  return format === undefined ? undefined : format === 'esm';
}

/** Puts what every bundle needs, and the parts it uses, before it: one line each, so that the source map only moves down. */
async function assemble({ form, text, map, used }: Built, parts: Parts): Promise<{ code: string; map: string }> {
  const codeOf = async (name: PartName): Promise<string> =>
    (name === 'zod' && used.isWideZod ? await loadWideZod() : parts[name]).code;
  const externals = text.includes('__outflow_external(') ? [EXTERNALS_RUNTIME] : [];
  const before = [RUNTIME, ...externals, ...(await Promise.all(partsIn(text, parts).map(codeOf)))];
  const lines = before.reduce((count, code) => count + code.split('\n').length, 0);
  const { sources, names, mappings } = JSON.parse(map) as { sources: string[]; names: string[]; mappings: string };
  const code = `${before.join('\n')}\n${text.replace(/^#!.*/, '')}`;
  return {
    code: form === 'module' ? code : scriptOf(code),
    map: JSON.stringify({ version: 3, sources, names, mappings: ';'.repeat(lines) + mappings }),
  };
}
