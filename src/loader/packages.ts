// Which packages a pipeline gets from where: its own node_modules first, outflow's SDK and zod otherwise; native ones stay outside.
import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';
import { type External, externalEsModule, externalModule, isNative } from './externals.ts';
import { findPackage, isEsModuleFile, isInPackage, packageJson, packageName } from './package-files.ts';
import { loadWideZod, PART_PACKAGES, type Parts, partModule } from './parts.ts';
import { programPackage } from './program.ts';

type PartPackage = (typeof PART_PACKAGES)[number];

const PART = 'outflow-part';
const EXTERNAL = 'outflow-external';
const EXTERNAL_ES_MODULE = 'outflow-external-es-module';
/** Names that plugins of ours give to modules of their own. */
const OURS = /^outflow-(?:meta|part|external):/;

export interface PackagesUsed {
  /** Whether a module of zod other than `zod` itself is imported. */
  isWideZod: boolean;
  /** Names of packages and relative paths of add-ons that are resolved at run time. */
  externals: Set<string>;
}

export function packages(pipelineDir: string, parts: Parts, used: PackagesUsed): Plugin {
  const known = new Map<string, string | undefined>();
  const find = (name: string, from: string): string | undefined => {
    const key = `${from}\0${name}`;
    if (!known.has(key)) known.set(key, findPackage(name, from));
    return known.get(key);
  };
  const external = ({ path: spec, resolveDir, importer, kind }: OnResolveArgs): OnResolveResult => {
    used.externals.add(/^\.{0,2}\//.test(spec) ? path.relative(pipelineDir, path.resolve(resolveDir, spec)) : spec);
    const key: External = { from: path.relative(pipelineDir, resolveDir), spec, isNative: true };
    const isEsModule = kind !== 'require-call' && isEsModuleFile(importer);
    return { path: JSON.stringify(key), namespace: isEsModule ? EXTERNAL_ES_MODULE : EXTERNAL };
  };
  const part = async (name: PartPackage, spec: string): Promise<OnResolveResult> => {
    if (spec === name) return { path: spec, namespace: PART, sideEffects: false };
    if (name === 'zod') {
      const { modules, effects } = await loadWideZod();
      used.isWideZod = true;
      if (spec in modules) return { path: spec, namespace: PART, sideEffects: false };
      if (effects && spec in effects) return { path: spec, namespace: PART };
    }
    return { errors: [{ text: `${name} has nothing that is imported as ${JSON.stringify(spec)}` }] };
  };
  return {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /\.node$/ }, external);
      for (const namespace of [PART, EXTERNAL]) {
        build.onResolve({ filter: new RegExp(`^${namespace}:`) }, ({ path: key }) => ({
          path: key.slice(namespace.length + 1),
          namespace,
        }));
      }
      build.onResolve({ filter: /^[^./]/ }, async (args) => {
        const { path: spec, resolveDir, kind, importer } = args;
        if (args.pluginData === PART || kind === 'entry-point') return undefined;
        if (isBuiltin(spec) || OURS.test(spec)) return undefined;
        const name = packageName(spec);
        const own = find(name, resolveDir);
        const ofParts = PART_PACKAGES.find((one) => one === name);
        if (ofParts !== undefined && (own === undefined || isProgramsOwn(ofParts, own, parts))) return part(ofParts, spec);
        if (own !== undefined) return isNative(own) ? external(args) : undefined;
        // In a package: what it asks for only now and then, such as one of ten databases, is missed when it asks.
        const isLate = kind === 'require-call' || kind === 'dynamic-import';
        if (!isLate || !isInPackage(importer)) return undefined;
        const found = await build.resolve(spec, { kind, importer, resolveDir, pluginData: PART });
        if (found.errors.length === 0) return found;
        const key: External = { from: path.relative(pipelineDir, resolveDir), spec, isNative: false };
        return { path: JSON.stringify(key), namespace: EXTERNAL };
      });
      build.onLoad({ filter: /./, namespace: PART }, async ({ path: spec }) => {
        const { modules, effects } = spec === 'outflow' ? parts.outflow : spec === 'zod' ? parts.zod : await loadWideZod();
        return { contents: effects?.[spec] ?? partModule(spec, modules[spec]!) };
      });
      build.onLoad({ filter: /./, namespace: EXTERNAL }, ({ path: key }) => ({ contents: externalModule(JSON.parse(key)) }));
      build.onLoad({ filter: /./, namespace: EXTERNAL_ES_MODULE }, ({ path: key }) => ({
        contents: externalEsModule(`outflow-external:${key}`),
      }));
    },
  };
}

/**
 * Whether the pipeline's package is the very one that outflow brings. For zod the same version counts as that, since most
 * projects install it: its part then saves 100 ms of bundling.
 */
function isProgramsOwn(name: PartPackage, own: string, { zodVersion }: Parts): boolean {
  if (name === 'zod') return packageJson(own).version === zodVersion;
  return own === programPackage(name);
}
