// What takes long to make is kept, by what it was made from: making the same executable again takes seconds and gives the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const directory = path.join('node_modules', '.cache', 'outflow-package');

/** Of a few programs: each has some 10 files of code and 3 large ones. */
const MOST = 60;

/**
 * @param {(string | Buffer)[]} from
 * @param {() => Buffer | Promise<Buffer>} make
 * @returns {Promise<Buffer>}
 */
export async function kept(from, make) {
  const digest = createHash('sha256');
  for (const one of from) digest.update(one);
  const file = path.join(directory, digest.digest('hex'));
  const found = contentOf(file);
  if (found !== undefined) return found;
  const made = await make();
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, made);
  renameSync(`${file}.${process.pid}`, file);
  removeOldest();
  return made;
}

/** @param {string} file */
function contentOf(file) {
  try {
    const content = readFileSync(file);
    utimesSync(file, new Date(), new Date());
    return content;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM') return readFileSync(file); // another user's
    return undefined;
  }
}

function removeOldest() {
  const files = readdirSync(directory).map((name) => path.join(directory, name));
  const ages = new Map(files.map((file) => [file, statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0]));
  const newestFirst = files.sort((a, b) => (ages.get(b) ?? 0) - (ages.get(a) ?? 0));
  for (const file of newestFirst.slice(MOST)) rmSync(file, { recursive: true, force: true });
}
