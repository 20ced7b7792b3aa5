// Packages with compiled code stay outside of the bundle and are loaded from where the pipeline lies; what is said when they are not there.
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundlePipeline } from '../../../src/loader/bundle.ts';
import { writeNativePackage } from '../../support/native-package.ts';
import { bundleOf, load, loadBundle, project } from './temporary-project.ts';

/** A project with a package that has a real add-on, and one in CommonJS that is bundled and needs the former. */
function withAddon(pipeline: string): string {
  const dir = project({
    'pipeline.ts': pipeline,
    'node_modules/uses-pty/package.json': '{ "dependencies": { "pty": "1" } }',
    'node_modules/uses-pty/index.js': `exports.kinds = () => Object.values(require('pty')).map((it) => typeof it);`,
  });
  writeNativePackage(dir);
  return dir;
}

test('a real add-on of a package, and one beside the pipeline, are loaded at run time', async () => {
  const dir = withAddon(`import { fork } from 'pty'; import { kinds } from 'uses-pty';
    import own from './node_modules/pty/build/pty.node';
    export const found = [typeof fork, ...kinds(), typeof own.fork];`);
  expect((await bundleOf(dir)).externals).toEqual(['node_modules/pty/build/pty.node', 'pty']);
  expect(await load(dir)).toEqual({ found: ['function', 'function', 'string', 'function'] });
});

test('native packages are told by what they depend on, and stay outside also when a bundled package asks for them', async () => {
  const native = {
    'node_modules/a/package.json': '{ "dependencies": { "node-gyp-build": "4" } }',
    'node_modules/b/package.json': '{ "optionalDependencies": { "@b/linux-x64-gnu": "1.0.0" } }',
    'node_modules/c/binding.gyp': '{}',
    'node_modules/c/package.json': '{}',
    'node_modules/d/package.json': '{ "main": "d.node" }',
    'node_modules/@e/e/package.json': '{}',
    'node_modules/@e/e/prebuilds/x': '',
  };
  const dir = project({
    ...native,
    'pipeline.ts': `import 'a'; import 'b/sub.js'; import 'c'; import 'd'; import '@e/e'; import 'js';`,
    'node_modules/js/package.json': '{ "dependencies": { "left-pad": "1" }, "optionalDependencies": { "fsevents": "2" } }',
    'node_modules/js/index.js': `require('a/other')`,
  });
  expect((await bundleOf(dir)).externals).toEqual(['@e/e', 'a', 'a/other', 'b/sub.js', 'c', 'd']);
});

test.each([
  ['in a project of ES modules', '{ "type": "module" }'],
  ['in any other', '{}'],
])('the default and the names of a native package are as Node gives them, %s', async (_, packageJson) => {
  const native = '"optionalDependencies": { "x-linux-x64": "1" }';
  const dir = project({
    'package.json': packageJson,
    'pipeline.ts': `import es, { name } from 'native-es'; import cjs, { named } from 'native-cjs';
      export const found = [es, name, cjs.named, named, typeof cjs];
      export const later = async () => (await import('native-es')).default;`,
    'node_modules/native-es/package.json': `{ "type": "module", "exports": "./i.js", ${native} }`,
    'node_modules/native-es/i.js': `export default 'the default'; export const name = 'a name';`,
    'node_modules/native-cjs/package.json': `{ ${native} }`,
    'node_modules/native-cjs/index.js': `module.exports = { named: 1 };`,
  });
  expect(await load(dir)).toEqual({ found: ['the default', 'a name', 1, 1, 'object'], later: 'the default' });
});

test('one that is not there when the pipeline runs is named, with the directory and the machine', async () => {
  const dir = withAddon(`export const one = 1;\nimport { fork } from 'pty';\nexport { fork };`);
  const bundle = await bundlePipeline(path.join(dir, 'pipeline.ts'));
  rmSync(path.join(dir, 'node_modules', 'pty'), { recursive: true });
  await expect(loadBundle(bundle)).rejects.toThrow(
    `pty has native code, is not in the bundle, and is loaded from ${dir} on ${hostname()}: it is not installed there`,
  );
});

test('one that this Node cannot load says which Node it is, and what the system says', async () => {
  const dir = project({ 'pipeline.ts': `import own from './own.node';\nexport { own };`, 'own.node': 'no machine code' });
  await expect(load(dir)).rejects.toThrow(
    `own.node has native code, is not in the bundle, and is loaded from ${dir} on ${hostname()}: it cannot be loaded by Node ${process.versions.node}`,
  );
});

test('what such a package itself throws, or misses, is told as it is', async () => {
  const dir = project({
    'pipeline.ts': `import 'native';`,
    'node_modules/native/package.json': '{ "gypfile": true }',
    'node_modules/native/index.js': `require('its-own-dependency');`,
  });
  await expect(load(dir)).rejects.toThrow(`Cannot find module 'its-own-dependency'`);
});
