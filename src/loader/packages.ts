// Which packages a pipeline gets from where: its own node_modules first, outflow's SDK and zod otherwise; native ones stay outside.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { OnResolveResult, Plugin } from 'esbuild';
import { PART_NAMES, type Parts, partModule } from './parts.ts';
import { programPackage, programRoot } from './program.ts';

const PART = 'outflow-part';
const EXTERNAL = 'outflow-external';

export interface PackagesUsed {
  parts: Set<string>;
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
  const external = (spec: string, from: string): OnResolveResult => {
    used.externals.add(/^\.{0,2}\//.test(spec) ? path.relative(pipelineDir, path.resolve(from, spec)) : spec);
    return { path: JSON.stringify([path.relative(pipelineDir, from), spec]), namespace: EXTERNAL };
  };
  return {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /\.node$/ }, ({ path: spec, resolveDir }) => external(spec, resolveDir));
      build.onResolve({ filter: /^[^./]/ }, async ({ path: spec, resolveDir, importer, kind, pluginData }) => {
        if (pluginData === PART || kind === 'entry-point' || isBuiltin(spec) || spec.startsWith('outflow-')) return undefined;
        const name = packageName(spec);
        const own = find(name, resolveDir);
        if ((PART_NAMES as readonly string[]).includes(name) && (own === undefined || isProgramsOwn(name, own))) {
          if (spec === name) {
            used.parts.add(name);
            return { path: name, namespace: PART, sideEffects: false };
          }
          // `zod/mini` and the like: no part, but a file of the program's own copy.
          return build.resolve(spec, { importer, kind, resolveDir: programRoot, pluginData: PART });
        }
        return own !== undefined && isNative(own) ? external(spec, resolveDir) : undefined;
      });
      build.onLoad({ filter: /./, namespace: PART }, ({ path: name }) => ({ contents: partModule(name, parts[name]!) }));
      build.onLoad({ filter: /./, namespace: EXTERNAL }, ({ path: key }) => {
        const [from, spec] = JSON.parse(key) as [string, string];
        return { contents: `module.exports = __outflow_require(${JSON.stringify(from)})(${JSON.stringify(spec)})` };
      });
    },
  };
}

/** `@scope/name/sub` → `@scope/name`. */
export function packageName(spec: string): string {
  return spec.split('/', spec.startsWith('@') ? 2 : 1).join('/');
}

/** The real directory of the package as Node would find it from `from`. */
function findPackage(name: string, from: string): string | undefined {
  for (let dir = from; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (path.dirname(dir) === dir) return undefined;
  }
}

/**
 * Whether the pipeline's package is the very one that outflow brings. For zod the same release counts as that, since most
 * projects install it: its part then saves 100 ms of bundling.
 */
function isProgramsOwn(name: string, own: string): boolean {
  const ours = programPackage(name);
  if (ours === undefined || own === ours) return own === ours;
  return name === 'zod' && packageJson(own) === packageJson(ours);
}

function packageJson(dir: string): string {
  return readFileSync(path.join(dir, 'package.json'), 'utf8');
}

const NATIVE_HELPERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'prebuild-install',
  'node-pre-gyp',
  '@mapbox/node-pre-gyp',
  'node-addon-api',
  'cmake-js',
  'pkg-prebuilds',
];
const PLATFORM = /(linux|darwin|win32)-(x64|arm64)/;

/** Whether the package is, or loads, compiled code: it looks for it at run time, relative to its own files. */
function isNative(dir: string): boolean {
  if (existsSync(path.join(dir, 'binding.gyp')) || existsSync(path.join(dir, 'prebuilds'))) return true;
  try {
    const meta = JSON.parse(packageJson(dir));
    if (meta.gypfile || meta.napi || String(meta.main).endsWith('.node')) return true;
    if (NATIVE_HELPERS.some((helper) => meta.dependencies?.[helper] !== undefined)) return true;
    return Object.keys(meta.optionalDependencies ?? {}).some((name) => PLATFORM.test(name));
  } catch {
    return false;
  }
}
