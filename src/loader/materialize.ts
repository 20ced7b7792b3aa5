// Writes a stored bundle to disk as a script that Node can load, with a map that names the user's files on this machine.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { refusedEverywhere } from '../system/file-errors.ts';
import { cachePlaces, foundPlace, makePlace, type Place, refusalOf } from '../system/places.ts';
import { decodeBundle } from './stored-bundle.ts';

/** The script's name; frames of a stack that still name it are of no file of the user's. */
export const SCRIPT = 'outflow-bundle.mjs';

export interface Materialize {
  hash: string;
  /** Or how to get them: not asked for when the script is there already. */
  bytes: Uint8Array | (() => Promise<Uint8Array>);
  /** Directory of the pipeline on the submitting machine; it need not exist here. */
  pipelineDir: string;
  /** Where to write; by default `bundles` in the user's cache. */
  dir?: string | undefined;
}

/**
 * Gives the script's path. It is written once for each bundle and pipeline directory, whole or not at all, however many
 * processes do it at once; in another private directory where the cache cannot be written. Errors `bad-environment`, `disk-full`.
 */
export async function materializeBundle(bundle: Materialize): Promise<string> {
  const found = await foundBundle(bundle);
  if (found !== undefined) return found;
  const { bytes, pipelineDir } = bundle;
  const { code, map } = decodeBundle(typeof bytes === 'function' ? await bytes() : bytes);
  const files = { [SCRIPT]: code, [`${SCRIPT}.map`]: mapFor(map, pipelineDir) };
  const refusals: OutflowError[] = [];
  for (const place of placesOf(bundle)) {
    try {
      const parent = makePlace(place);
      const target = path.join(parent, nameOf(bundle));
      await writeWhole(target, files);
      await removeUnused(parent);
      return path.join(target, SCRIPT);
    } catch (error) {
      refusals.push(refusalOf(place, error));
    }
  }
  const hint = 'free some space, or let OUTFLOW_HOME or XDG_CACHE_HOME name a directory of your own';
  throw refusedEverywhere('there is no place to write the bundled pipeline to', refusals, hint);
}

/** The script's path, if it is there already; so it stays there. */
export async function foundBundle(bundle: Materialize): Promise<string | undefined> {
  for (const parent of placesOf(bundle).map(foundPlace)) {
    if (parent === undefined) continue;
    const target = path.join(parent, nameOf(bundle));
    if (!existsSync(path.join(target, SCRIPT))) continue;
    await utimes(target, new Date(), new Date()).catch(() => {}); // only keeps it from being removed as unused
    return path.join(target, SCRIPT);
  }
  return undefined;
}

function placesOf({ dir }: Materialize): Place[] {
  return dir === undefined ? cachePlaces('bundles') : [[dir]];
}

function nameOf({ hash, pipelineDir }: Materialize): string {
  return `${hash.slice(0, 32)}-${createHash('sha256').update(pipelineDir).digest('hex').slice(0, 8)}`;
}

/** Nothing is left where it fails. Another process may do the same: one of them wins. */
async function writeWhole(target: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const aside = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    await mkdir(aside, { mode: 0o700 });
    const writing = Object.entries(files).map(([name, data]) => writeFile(path.join(aside, name), data, { mode: 0o600 }));
    await Promise.all(writing);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(path.join(target, SCRIPT))) throw error;
  }
}

function mapFor(map: string, pipelineDir: string): string {
  const content = JSON.parse(map) as { sources: string[] };
  const sources = content.sources.map((source) =>
    source.startsWith('outflow') && source.includes(':') ? source : pathToFileURL(path.resolve(pipelineDir, source)).href,
  );
  return JSON.stringify({ ...content, sources });
}

/** Also what a killed process left half-written. Others may do the same at once, or use one that is just removed: it is remade. */
async function removeUnused(parent: string): Promise<void> {
  try {
    for (const name of await readdir(parent)) {
      const file = path.join(parent, name);
      if (Date.now() - (await stat(file)).mtimeMs > LIMITS.cacheKeepMs) await rm(file, { recursive: true, force: true });
    }
  } catch {
    // Another process was faster; the next one tries again.
  }
}
