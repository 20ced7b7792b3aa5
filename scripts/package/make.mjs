// Makes dist/outflow from dist/: Node of the npm package, the program, and what is unpacked where it runs (src/system/unpack.ts),
// put together by pkg in its SEA mode. Nothing is downloaded, no tool of the machine is called. Runs on Node 24, by scripts/package.mjs.
//
// It is made twice: the first one runs the tutorial, and what V8 compiled meanwhile goes into the second.
import { copyFileSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { buildStamp } from '../build-inputs.mjs';
import { compressed } from './compress.mjs';
import { stripped } from './elf.mjs';
import { floorOf } from './floor.mjs';
import { recordedCode } from './record-code.mjs';
import { seal } from './seal.mjs';
import { nativeFiles, treesFor } from './trees.mjs';
import { inWorkspace } from './workspace.mjs';

const platform = `${process.platform}-${process.arch}`;
const target = path.join('dist', 'outflow');

try {
  if (process.platform !== 'linux') throw new Error(`an executable is made on Linux only, not on ${process.platform}`);
  const glibc = await inWorkspace(make);
  const size = (statSync(target).size / 1e6).toFixed(1);
  console.log(`package: ${target}, ${size} MB, glibc ${glibc} or newer, in ${(performance.now() / 1000).toFixed(0)} s`);
} catch (error) {
  console.error(`package: failed; ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/**
 * @param {string} aside
 * @param {AbortSignal} interrupted
 */
async function make(aside, interrupted) {
  const trees = treesFor(platform);
  const natives = nativeFiles(platform, trees);
  const { 'node/bin/node': node } = natives;
  if (node === undefined) throw new Error(`the package node-${platform} is missing; run: npm run setup`);
  const { glibc, wrong } = floorOf(natives);
  if (wrong.length > 0) throw new Error(`it would not run on the oldest systems that it is for:\n  ${wrong.join('\n  ')}`);

  // Without its debugging symbols: 127 -> 109 MB. It must be done before anything is put in.
  writeFileSync(path.join(aside, 'node'), stripped(node), { mode: 0o755 });
  copyFileSync(path.join('dist', 'outflow.cjs'), path.join(aside, 'outflow.cjs'));
  const files = { ...programFiles(), ...treeFiles(trees) };
  const assets = await packed(aside, files);
  const first = await executable(aside, 'first', assets);
  interrupted.throwIfAborted();
  const code = await packed(aside, await recordedCode(first, path.join(aside, 'recorded'), interrupted));
  const whole = await executable(aside, 'outflow', { ...assets, ...code });
  seal(whole);
  interrupted.throwIfAborted();
  renameSync(whole, target);
  return glibc;
}

/** All of one build. */
function programFiles() {
  const stamp = readFileSync(buildStamp, 'utf8');
  /** @type {Record<string, Buffer>} */
  const files = {
    'pipeline-parts.json': readFileSync('dist/pipeline-parts.json'),
    'pipeline-zod.json': readFileSync('dist/pipeline-zod.json'),
    'licenses.json': readFileSync('dist/licenses.json'),
  };
  for (const name of readdirSync('dist/program').filter((one) => one.endsWith('.cjs'))) {
    files[`program/${name}`] = readFileSync(path.join('dist/program', name));
  }
  if (readFileSync(buildStamp, 'utf8') !== stamp) throw new Error('dist/ was built anew meanwhile; run it again');
  return files;
}

/** @param {ReturnType<typeof treesFor>} trees */
function treeFiles(trees) {
  /** @type {Record<string, Buffer>} */
  const files = {};
  for (const [name, { index, contents }] of Object.entries(trees)) {
    files[`${name}.index`] = Buffer.from(JSON.stringify(index));
    files[`${name}.tree`] = contents;
  }
  return files;
}

/**
 * @param {string} aside
 * @param {Record<string, Buffer>} files
 * @returns {Promise<Record<string, string>>} names of assets -> files
 */
async function packed(aside, files) {
  const entries = Object.entries(files).map(async ([name, content]) => {
    const file = path.join(aside, `${name.replaceAll('/', '-')}.zst`);
    writeFileSync(file, await compressed(content));
    return [`${name}.zst`, file];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * @param {string} aside with `node` and `outflow.cjs`
 * @param {string} name
 * @param {Record<string, string>} assets
 */
async function executable(aside, name, assets) {
  // pkg's command line cannot be told which Node to take (6.23.0); its function can. So that version is pinned.
  const { default: sea } = createRequire(import.meta.url)('@yao-pkg/pkg/lib-es5/sea');
  const output = path.join(aside, name);
  process.env.TMPDIR = aside; // where pkg works, in a directory of its own
  await sea(path.join(aside, 'outflow.cjs'), {
    nodePath: path.join(aside, 'node'),
    signature: false,
    targets: [{ nodeRange: 'node24', platform: 'linux', arch: process.arch, output }],
    // No path of this machine gets into the file, so `main` is named from where pkg works; and no code of V8's from here, which is
    // never the same twice: this part is small.
    seaConfig: { main: '../outflow.cjs', useCodeCache: false, assets },
  });
  return output;
}
