// Completes package-lock.json with the optional packages that a registry did not offer. Run it after `npm install`.
//
// Tools such as biome have one optional package for each platform. A registry mirror may carry only those of the platforms it
// serves; npm then leaves the others out of the lock file, and `npm ci` refuses a lock file that lacks them, on any machine.
// Their versions stand in the package that wants them, their platforms in their names; a digest there is none.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './node24.mjs';

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} Entry
 */

const systems = /\b(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)\b/;
const processors = /\b(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)\b/;

const file = path.join(root, 'package-lock.json');
/** @type {{ packages: Record<string, Entry> }} */
const lock = JSON.parse(readFileSync(file, 'utf8'));
/** @type {string[]} */
const added = [];

for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const top = `node_modules/${name}`;
    const found = nearest(place, name);
    if (found === version || !/^\d/.test(version)) continue;
    const platform = name.slice(name.lastIndexOf('/') + 1);
    const os = systems.exec(platform)?.[0];
    const cpu = processors.exec(platform)?.[0];
    if (!os && cpu !== 'wasm32') continue;
    lock.packages[found ? `${place}/${top}` : top] = {
      version,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(os === 'linux' && /musl|gnu/.test(platform) ? { libc: [platform.includes('musl') ? 'musl' : 'glibc'] } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    added.push(`${name}@${version}`);
  }
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(added.length === 0 ? 'package-lock.json is complete' : `added to package-lock.json:\n  ${added.join('\n  ')}`);

/**
 * The version that a package at `place` finds under `name`, as Node looks it up.
 * @param {string} place
 * @param {string} name
 */
function nearest(place, name) {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const found = lock.packages[path.posix.join(folder, 'node_modules', name)];
    if (found || folder === '') return found?.version;
  }
}
