// Packages on disk: which directory Node would find, what its package.json says.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export interface PackageJson {
  name?: string;
  version?: string;
  type?: string;
  main?: unknown;
  gypfile?: unknown;
  napi?: unknown;
  exports?: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** `@scope/name/sub` → `@scope/name`. */
export function packageName(spec: string): string {
  return spec.split('/', spec.startsWith('@') ? 2 : 1).join('/');
}

export function isInPackage(file: string): boolean {
  return file.includes(`${path.sep}node_modules${path.sep}`);
}

/** The real directory of the package as Node would find it from `from`. */
export function findPackage(name: string, from: string): string | undefined {
  for (let dir = from; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (path.dirname(dir) === dir) return undefined;
  }
}

/** Empty where there is none, or none that can be read. */
export function packageJson(dir: string): PackageJson {
  try {
    return JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) ?? {};
  } catch {
    return {};
  }
}

/** Whether Node takes the file for an ES module by its name, or by the package that it is in. */
export function isEsModuleFile(file: string): boolean {
  if (/\.m[jt]s$/.test(file)) return true;
  if (/\.c[jt]s$/.test(file)) return false;
  for (let dir = path.dirname(file); path.dirname(dir) !== dir; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'package.json'))) return packageJson(dir).type === 'module';
    if (path.basename(dir) === 'node_modules') return false;
  }
  return false;
}
