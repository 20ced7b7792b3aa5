// Where this program itself lies: its own copies of the SDK and of zod, and which stack frames are its own.
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { insideExecutable, isExecutable } from '../system/embedded.ts';
import { distOf } from '../system/self.ts';

const program = fileURLToPath(import.meta.url);
const here = path.dirname(program);

/** `dist`, when the program was built; else undefined: it runs from its sources. */
export const builtDir: string | undefined = existsSync(path.join(here, 'pipeline-parts.json')) ? here : undefined;

/** The directory of outflow's package.json. */
export const programRoot: string =
  path.basename(here) === 'loader' ? path.resolve(here, '..', '..') : path.dirname(distOf(program));

const ownFolders = isExecutable
  ? [insideExecutable + path.sep]
  : ['dist', 'src', 'agent', 'cli', 'node_modules'].map((folder) => path.join(programRoot, folder) + path.sep);

/** Whether `file` is part of outflow, or of what outflow itself depends on. */
export function isProgramFile(file: string): boolean {
  return ownFolders.some((folder) => file.startsWith(folder));
}

/** The real directory of a package that this program brings along; undefined where it has none on disk. */
export function programPackage(name: string): string | undefined {
  if (isExecutable) return undefined;
  if (name === 'outflow') return realpathSync(programRoot);
  try {
    return realpathSync(path.dirname(createRequire(path.join(programRoot, 'package.json')).resolve(`${name}/package.json`)));
  } catch {
    return undefined;
  }
}
