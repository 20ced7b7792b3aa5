// dist/builds/ID/: each build once more, as hard links. A run goes on with the programs of the build that it began with, though the
// clone is built anew meanwhile: what a process starts later comes from there (src/system/self.ts). Coordinators touch what they use.
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';

export const BUILDS = 'builds';
/** Besides those in use. */
const KEPT = 3;
const IN_USE_MS = 2 * 3_600_000;

/**
 * @param {string} dist
 * @param {string} id
 * @param {readonly string[]} files below `dist`
 */
export function keepBuild(dist, id, files) {
  const builds = path.join(dist, BUILDS);
  const target = path.join(builds, id);
  const aside = path.join(builds, `.${id}.${process.pid}`);
  rmSync(aside, { recursive: true, force: true });
  for (const file of files) {
    mkdirSync(path.dirname(path.join(aside, file)), { recursive: true });
    linkSync(path.join(dist, file), path.join(aside, file));
  }
  // The same build again: its files are the same, and may be in use.
  if (existsSync(target)) rmSync(aside, { recursive: true, force: true });
  else renameSync(aside, target);
  utimesSync(target, new Date(), new Date());
  removeOld(builds);
}

/** @param {string} builds */
function removeOld(builds) {
  const ages = readdirSync(builds)
    .map((name) => path.join(builds, name))
    .map((build) => ({ build, ageMs: Date.now() - statSync(build).mtimeMs }))
    .sort((a, b) => a.ageMs - b.ageMs);
  for (const { build, ageMs } of ages.slice(KEPT)) {
    if (ageMs > IN_USE_MS) rmSync(build, { recursive: true, force: true });
  }
}
