// Makes dist/outflow from dist/: Node of the npm package, the program, and what is unpacked where it runs (src/system/unpack.ts),
// put together by pkg in its SEA mode. Nothing is downloaded. Runs on Node 24, by scripts/package.mjs.
//
// It is made twice: the first one runs the tutorial, and what V8 compiled meanwhile goes into the second.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from '../node24.mjs';
import { compressed } from './compress.mjs';
import { recordCode } from './record-code.mjs';
import { treesFor } from './trees.mjs';

const platform = `${process.platform}-${process.arch}`;
const aside = path.resolve(`dist.tmp-package-${process.pid}`);
const target = path.join('dist', 'outflow');

try {
  if (process.platform !== 'linux') throw new Error(`an executable is made on Linux only, not on ${process.platform}`);
  mkdirSync(aside);
  const base = strippedNode();
  const assets = { ...(await programAssets()), ...(await treeAssets()) };
  const first = await executable('first', base, assets);
  const code = await packed(await recordCode(first, path.join(aside, 'recorded')));
  renameSync(await executable('outflow', base, { ...assets, ...code }), target);
  console.log(
    `package: ${target}, ${(statSync(target).size / 1e6).toFixed(1)} MB, in ${(performance.now() / 1000).toFixed(0)} s`,
  );
} catch (error) {
  console.error(`package: failed; ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  rmSync(aside, { recursive: true, force: true });
}

/** Node without its debugging symbols: 127 -> 109 MB. It must be done before anything is put in. */
function strippedNode() {
  const file = path.join(aside, 'node');
  copyFileSync(path.join(root, 'node_modules', `node-${platform}`, 'bin', 'node'), file);
  execFileSync('strip', [file]);
  return file;
}

/** @returns {Promise<Record<string, string>>} names of assets -> files */
async function programAssets() {
  const [, header = ''] = /^(\/\*\w+\*\/)/.exec(readFileSync('dist/program/host.cjs', 'utf8')) ?? [];
  /** @type {Record<string, Buffer>} */
  const files = {
    'pipeline-parts.json': readFileSync('dist/pipeline-parts.json'),
    'pipeline-zod.json': readFileSync('dist/pipeline-zod.json'),
    'licenses.txt': readFileSync('dist/licenses.txt'),
    'program/esbuild.cjs': Buffer.from(header + asAscii(readFileSync('node_modules/esbuild/lib/main.js', 'utf8'))),
  };
  for (const name of readdirSync('dist/program').filter((one) => one.endsWith('.cjs'))) {
    files[`program/${name}`] = Buffer.from(asAscii(readFileSync(path.join('dist/program', name), 'utf8')));
  }
  return await packed(files);
}

/**
 * As the program's parts are read (src/system/load-part.ts). The build escapes all but what stands in regular expressions.
 * @param {string} code
 */
function asAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @returns {Promise<Record<string, string>>} */
async function treeAssets() {
  /** @type {Record<string, Buffer>} */
  const files = {};
  for (const [name, { index, contents }] of Object.entries(treesFor(platform))) {
    files[`${name}.index`] = Buffer.from(JSON.stringify(index));
    files[`${name}.tree`] = contents;
  }
  return await packed(files);
}

/**
 * @param {Record<string, Buffer>} files
 * @returns {Promise<Record<string, string>>}
 */
async function packed(files) {
  const entries = Object.entries(files).map(async ([name, content]) => {
    const file = path.join(aside, `${name.replaceAll('/', '-')}.zst`);
    writeFileSync(file, await compressed(content));
    return [`${name}.zst`, file];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * @param {string} name
 * @param {string} base
 * @param {Record<string, string>} assets
 */
async function executable(name, base, assets) {
  // pkg's command line cannot be told which Node to take (6.23.0); its function can. So that version is pinned.
  const { default: sea } = createRequire(import.meta.url)('@yao-pkg/pkg/lib-es5/sea');
  const output = path.join(aside, name);
  await sea(path.join(root, 'dist', 'outflow.cjs'), {
    nodePath: base,
    signature: false,
    targets: [{ nodeRange: 'node24', platform: 'linux', arch: process.arch, output }],
    seaConfig: { useCodeCache: true, assets },
  });
  return output;
}
