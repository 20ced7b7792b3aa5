// What stays outside of a bundle: packages with compiled code and add-ons. They are loaded when the pipeline runs, from where it lies.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageJson } from './package-files.ts';

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
export function isNative(dir: string): boolean {
  if (existsSync(path.join(dir, 'binding.gyp')) || existsSync(path.join(dir, 'prebuilds'))) return true;
  const meta = packageJson(dir);
  if (meta.gypfile || meta.napi || String(meta.main).endsWith('.node')) return true;
  if (NATIVE_HELPERS.some((helper) => meta.dependencies?.[helper] !== undefined)) return true;
  return Object.keys(meta.optionalDependencies ?? {}).some((name) => PLATFORM.test(name));
}

/** One that is looked for when it is asked for. Paths are from the pipeline's directory. */
export interface External {
  /** Directory of the file that asks. */
  from: string;
  spec: string;
  /** Left out as native code, not as something that was not there: then it is missed loudly. */
  isNative: boolean;
}

/** Stands at the top of a bundle with externals; one line. */
export const EXTERNALS_RUNTIME = `const __outflow_external=(from,spec)=>{${[
  'try{return __outflow_require(from)(spec)}',
  'catch(cause){',
  `const os=process.getBuiltinModule('node:os'),at=__outflow_path.join(__outflow_dir,from),code=cause?.code;`,
  `const said=String(cause?.message).split('\\n')[0];`,
  `const isGone=code==='MODULE_NOT_FOUND'&&said.includes("'"+spec+"'");`,
  `if(!isGone&&code!=='ERR_DLOPEN_FAILED')throw cause;`,
  `const why=isGone?'it is not installed there':'it cannot be loaded by Node '+process.versions.node+' (ABI '+process.versions.modules+', '+process.platform+'-'+process.arch+'): '+said;`,
  `throw Object.assign(new Error(spec+' has native code, is not in the bundle, and is loaded from '+at+' on '+os.hostname()+': '+why,{cause}),{code})}`,
].join('')}};`;

/** A CommonJS module that is the external, loaded when it is first asked for. */
export function externalModule({ from, spec, isNative: isLoud }: External): string {
  const [where, what] = [JSON.stringify(from), JSON.stringify(spec)];
  return `module.exports = ${isLoud ? `__outflow_external(${where}, ${what})` : `__outflow_require(${where})(${what})`};`;
}

/**
 * An ES module around it, for importers that Node takes for ES modules: to them the default of a CommonJS module is all of it,
 * which esbuild would also say of an ES module that `require` has loaded.
 */
export function externalEsModule(raw: string): string {
  const name = JSON.stringify(raw);
  return `import all from ${name}; export * from ${name};
    export default process.getBuiltinModule('node:util').types.isModuleNamespaceObject(all) ? all.default : all;`;
}
