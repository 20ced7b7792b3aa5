// Links to Postgres' libraries: their package names them `libicuuc.so.60.2` and lists the links (`libicuuc.so.60`) that a script was
// to make. Where they are missing they are made; many processes may do so at once.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { privateDir } from '../../system/home.ts';
import { cachePlaces, inFirstOf } from '../../system/places.ts';
import { keepTree, removeUnused } from '../../system/tree-uses.ts';

/** Absolute paths. */
interface Link {
  source: string;
  target: string;
}

/** In a directory that is not ours to write, they are made in the cache instead. Gives what tells the loader to look there. */
export function completeLinks(root: string): Record<string, string> {
  const missing = readLinks(root).filter(({ target }) => !existsSync(target));
  if (missing.length === 0) return {};
  try {
    for (const { source, target } of missing) link(path.basename(source), target);
    return {};
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  // Both: a library that is found by its link looks for those it needs beside that link.
  const search = [linkAside(root, missing), path.join(root, 'native', 'lib')].join(path.delimiter);
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: search };
}

/** The directory in which they are then; those of other clones go when nobody has used them for long. */
export function linkAside(root: string, links: readonly Link[]): string {
  const name = `links-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;
  const said = {
    what: 'cannot link the libraries of Postgres',
    hint: 'run `npm run setup` where outflow is installed, or let OUTFLOW_HOME name a directory of your own',
  };
  return inFirstOf(cachePlaces('postgres-links'), said, (place) => {
    const directory = privateDir(path.join(place, name));
    keepTree(directory, []); // before the use: who removes unused ones sees it
    for (const { source, target } of links) link(source, path.join(directory, path.basename(target)));
    removeUnused(place);
    return directory;
  });
}

/** The list has them relative to the package. */
function readLinks(root: string): Link[] {
  const file = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const list = JSON.parse(readFileSync(file, 'utf8')) as Link[];
  return list.map(({ source, target }) => ({ source: path.join(root, source), target: path.join(root, target) }));
}

function link(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
