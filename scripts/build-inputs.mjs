// Says whether dist/, and the executable, were made from the files that are there now: digests over the contents of all inputs.
// Runs on Node 20.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './node24.mjs';

const folders = ['agent', 'cli', 'proto', 'scripts/licenses', 'src'];
const files = [
  'package-lock.json',
  'package.json',
  'scripts/ascii.mjs',
  'scripts/build.mjs',
  'scripts/kept-builds.mjs',
  'scripts/package/elf.mjs',
  'scripts/package/floor.mjs',
  'scripts/package/icu-data.mjs',
  'scripts/package/trees.mjs',
  'scripts/proto-module.mjs',
  'tsconfig.json',
  'tsconfig.types.json',
];

/** Where a build leaves the digest of what it was built from; written last. */
export const buildStamp = path.join('dist', '.stamp');

/** The same of the executable. A build removes it, as all in dist/ that is not its own. */
export const packageStamp = path.join('dist', '.package-stamp');

export function digestOfBuildInputs() {
  return digestOf(files, folders);
}

/** What the tutorial compiles goes into the executable. */
export function digestOfPackageInputs() {
  return digestOf([...files, 'scripts/package.mjs'], [...folders, 'examples/tutorial', 'scripts/package']);
}

/**
 * @param {string[]} ofFiles
 * @param {string[]} ofFolders
 */
function digestOf(ofFiles, ofFolders) {
  const names = [...ofFiles];
  for (const folder of ofFolders) {
    for (const below of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const name = path.join(folder, below);
      if (statSync(path.join(root, name)).isFile()) names.push(name);
    }
  }
  const digest = createHash('sha256');
  for (const name of names.sort()) {
    const content = readFileSync(path.join(root, name));
    digest.update(`${name}\0${content.length}\0`).update(content);
  }
  return digest.digest('hex');
}

/** @param {string} file */
export function digestOfFile(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
