// What a bundle may be made of, each by a real build whose result a real process loads.
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { bundlePipeline } from '../../../src/loader/bundle.ts';
import { decodeBundle } from '../../../src/loader/stored-bundle.ts';
import { bundleOf, load, loadBundle, project, writeFiles } from './temporary-project.ts';

test('relative imports without extension, as .js that names a .ts, of folders, JSON and by import()', async () => {
  const dir = project({
    'pipeline.ts': `
      import { a } from './lib/a';
      import { b } from './lib/b.js';
      import { c } from './lib';
      import data from './data.json' with { type: 'json' };
      const { d } = await import('./lib/d.mjs');
      export const found = [a, b, c, data.e, d];`,
    'lib/a.ts': 'export const a = 1;',
    'lib/b.ts': 'export const b: number = 2;',
    'lib/index.ts': 'export const c = 3;',
    'lib/d.mts': 'export const d = await Promise.resolve(4);',
    'data.json': '{ "e": 5 }',
  });
  expect(await load(dir)).toEqual({ found: [1, 2, 3, 5, 4] });
});

test('packages come from the node_modules of the pipeline, ES modules and CommonJS', async () => {
  const dir = project({
    'pipeline.ts': `
      import { esm } from 'an-esm';
      import cjs, { name } from '@scope/a-cjs';
      import { sub } from 'an-esm/sub';
      const require = (name: string) => name; // a name of the user's own
      export const found = [esm, sub, cjs.name, name, require('x'), cjs.here.endsWith('/node_modules/@scope/a-cjs/lib')];`,
    'node_modules/an-esm/package.json': '{ "type": "module", "exports": { ".": "./i.js", "./sub": "./s.js" } }',
    'node_modules/an-esm/i.js': 'export const esm = 1;',
    'node_modules/an-esm/s.js': 'export const sub = 2;',
    'node_modules/@scope/a-cjs/package.json': '{ "main": "lib/index.js" }',
    'node_modules/@scope/a-cjs/lib/index.js': `'use strict';
      const { sep } = require('path');
      exports.name = 'cjs' + sep; exports.here = __dirname;`,
  });
  expect(await load(dir)).toEqual({ found: [1, 2, 'cjs/', 'cjs/', 'x', true] });
});

test('a pipeline in CommonJS exports its commands all the same', async () => {
  const dir = project({
    'pipeline.js': `const os = require('node:os'); exports.found = typeof os.cpus; exports.file = __filename;`,
  });
  expect(await load(dir, 'pipeline.js')).toEqual({ found: 'function', file: path.join(dir, 'pipeline.js') });
});

/** Both are a bundle, in two forms: `form` makes a pipeline of the one or of the other. */
const FORMS: ReadonlyArray<{ form: string; wait: string }> = [
  { form: 'a script', wait: '' },
  { form: 'a module, as it waits at its top,', wait: 'await null;' },
];

test.each(FORMS)('the top of $form is strict, and has the names of an ES module', async ({ wait }) => {
  const dir = project({
    'pipeline.ts': `${wait}
      import esm from 'esm'; import cjs from 'cjs';
      function whose(this: unknown) { return this; }
      export const found = [typeof module, typeof exports, typeof arguments, typeof this, typeof whose(), ...esm];
      export const common = cjs;`,
    'node_modules/esm/package.json': '{ "type": "module" }',
    'node_modules/esm/index.js': `export default [typeof module, typeof exports, typeof arguments, typeof this];`,
    'node_modules/cjs/package.json': '{}',
    'node_modules/cjs/index.js': `(function (root, make) {
        if (typeof define === 'function' && define.amd) define(make);
        else if (typeof exports === 'object' && typeof module !== 'undefined') module.exports = make();
        else root.made = make();
      })(this, () => [typeof module, typeof exports, typeof require]);`,
  });
  expect(await load(dir)).toEqual({ found: Array(9).fill('undefined'), common: ['object', 'object', 'function'] });
});

test.each(FORMS)(
  'in $form import() takes what is known only as it runs, each time it is loaded, and nothing is warned of',
  async ({ wait }) => {
    const dir = project({
      'pipeline.ts': `${wait}
      const names = ['./a.mjs', 'esm', './b.json'];
      const [a, esm, b] = names.map((name) => import.meta.resolve(name));
      process.emitWarning('of the user');
      export const found = async () =>
        [(await import(a!)).a, (await import(esm!)).esm, (await import(b!, { with: { type: 'json' } })).default, (await eval('import("node:path")')).sep];`,
      'a.mjs': 'export const a = 1;',
      'b.json': '3',
      'node_modules/esm/package.json': '{ "type": "module" }',
      'node_modules/esm/index.js': 'export const esm = await Promise.resolve(2);',
    });
    const bundle = await bundleOf(dir);
    const loaded = { found: [1, 2, 3, '/'] };
    const cache = path.join(dir, 'cache');
    for (const _ of ['compiled', 'kept']) {
      const printed: string[] = [];
      expect(await loadBundle(bundle, { cache, warnings: printed })).toEqual(loaded);
      expect(printed.join('')).toMatch(/^\(node:\d+\) Warning: of the user\n.*trace-warnings.*\n$/);
    }
  },
);

test('a package in ES modules that waits at its top, by import and import()', async () => {
  const dir = project({
    'pipeline.ts': `export { found } from 'waits'; export const late = async () => (await import('waits')).found;`,
    'node_modules/waits/package.json': '{ "type": "module" }',
    'node_modules/waits/index.js': 'export const found = await Promise.resolve(1);',
  });
  expect(await load(dir)).toEqual({ found: 1, late: 1 });
});

test('what CommonJS may export besides an object: nothing', async () => {
  const dir = project({ 'pipeline.js': 'module.exports = null;' });
  expect(await load(dir, 'pipeline.js')).toEqual({});
});

test('code that only sloppy scripts may have: its place', async () => {
  const dir = project({
    'pipeline.ts': `import old from 'old'; export const found = old;`,
    'node_modules/old/package.json': '{}',
    'node_modules/old/index.js': `exports.a = ${JSON.stringify('a'.repeat(2_000))};\nvar gone = 2; delete gone;`,
  });
  const old = path.join(dir, 'node_modules', 'old', 'index.js');
  await expect(load(dir)).rejects.toThrow(`${old}:2:22`);
});

test("import.meta and __dirname name the user's original file, and its lines stay where they were", async () => {
  const dir = project({
    'pipeline.ts': `#!/usr/bin/env outflow
      export { found } from './lib/deep.ts'; export const main = import.meta.main;`,
    'lib/deep.ts': `export const found = [import.meta.url, import.meta.dirname, import.meta.filename, __dirname, __filename, import.meta.resolve('./x.txt')]; export const throwing = () => { throw new Error('x'); };
      const { dirname } = import.meta; if (dirname !== __dirname) throw new Error('not the same');`,
    'own.ts': `import { fileURLToPath } from 'node:url';
      const __filename = fileURLToPath(import.meta.url);
      export const own = __filename; export const thrower = () => { throw new Error(import.meta.url); };`,
  });
  const file = path.join(dir, 'lib', 'deep.ts');
  const text = path.join(dir, 'lib', 'x.txt');
  expect(await load(dir)).toEqual({
    found: [pathToFileURL(file).href, path.dirname(file), file, path.dirname(file), file, pathToFileURL(text).href],
    main: false,
  });
  const own = path.join(dir, 'own.ts');
  expect(await load(dir, 'own.ts')).toMatchObject({ own, thrower: { frame: { file: own, line: 3, column: 75 } } });
});

test('text, tables, scripts and bytes are imported as such, and a style sheet of a package as nothing', async () => {
  const dir = project({
    'pipeline.ts': `
      import sql from './a.sql'; import txt from './b.txt'; import script from './c.py';
      import code from './d.ts' with { type: 'text' }; import bytes from './e.bin' with { type: 'bytes' };
      import styled from 'styled';
      export const here = import.meta.dirname;
      export const found = [sql, txt, script, code, bytes instanceof Uint8Array && bytes.length, styled];`,
    'a.sql': 'select 1',
    'b.txt': 'ö',
    'c.py': 'print()',
    'd.ts': 'import.meta.url // not code',
    'e.bin': '\0\x01\x02',
    'node_modules/styled/package.json': '{ "type": "module" }',
    'node_modules/styled/index.js': `import './style.css'; export default 1;`,
    'node_modules/styled/style.css': 'p { color: red }',
  });
  expect(await load(dir)).toEqual({ here: dir, found: ['select 1', 'ö', 'print()', 'import.meta.url // not code', 3, 1] });
});

test('the same code in another directory gives the same bytes, other code another hash', async () => {
  const files = {
    'pipeline.ts': `import { z } from 'zod'; import { task } from 'outflow'; import cjs from 'a-cjs';
      export const found = [import.meta.url, z, task, cjs];`,
    'node_modules/a-cjs/package.json': '{}',
    'node_modules/a-cjs/index.js': 'module.exports = __filename;',
  };
  const first = await bundleOf(project(files));
  const second = await bundleOf(project(files));
  expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  expect(second.hash).toBe(first.hash);
  expect(second.pipelineDir).not.toBe(first.pipelineDir);
  const { code, map } = decodeBundle(first.bytes);
  expect(code + map).not.toContain(first.pipelineDir);
  const third = await bundleOf(project({ ...files, 'pipeline.ts': `${files['pipeline.ts']} export const more = 1;` }));
  expect(third.hash).not.toBe(first.hash);
});

test('outflow and zod are the running ones where the pipeline has none of its own', async () => {
  const dir = project({
    'pipeline.ts': `import * as outflow from 'outflow'; import zod, { z } from 'zod'; import { safeParse, string } from 'zod/mini';
      export const found = [typeof outflow.task, z === zod.z || z === zod, z.int().parse(3), safeParse(string(), 1).success];`,
  });
  expect(await load(dir)).toEqual({ found: ['function', true, 3, false] });
});

test('zod and the sql tag are in the bundles of those who use them', async () => {
  const partsOf = async (text: string): Promise<string[]> => {
    const { code } = decodeBundle((await bundleOf(project({ 'pipeline.ts': text }))).bytes);
    return [...code.matchAll(/var __outflow_part_(\w+)=/g)].map(([, name = '']) => name);
  };
  expect(await partsOf(`export const found = 1;`)).toEqual([]);
  expect(await partsOf(`import { task, sql } from 'outflow'; export const found = task;`)).toEqual(['outflow']);
  expect(await partsOf(`import { z } from 'zod'; export const found = z.int();`)).toEqual(['zod']);
  expect(await partsOf(`import { sql } from 'outflow'; export const found = sql;`)).toEqual(['zod', 'sql']);
  expect(await partsOf(`import * as all from 'outflow'; export const found = { ...all };`)).toEqual(['zod', 'sql', 'outflow']);
});

test('outflow and zod of the pipeline itself win', async () => {
  const dir = project({
    'pipeline.ts': `import { task } from 'outflow'; import { z } from 'zod'; export const found = [task, z];`,
    'node_modules/outflow/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/outflow/index.js': `export const task = 'own task';`,
    'node_modules/zod/package.json': '{ "main": "index.cjs" }',
    'node_modules/zod/index.cjs': `exports.z = 'own zod';`,
  });
  expect(await load(dir)).toEqual({ found: ['own task', 'own zod'] });
});

test('an own outflow that is a link to the running one counts as the running one', async () => {
  const pipeline = { 'pipeline.ts': `import { task } from 'outflow'; export const found = typeof task;` };
  const dir = project({ ...pipeline, 'node_modules/.keep': '' });
  symlinkSync(path.resolve(import.meta.dirname, '..', '..', '..'), path.join(dir, 'node_modules', 'outflow'));
  expect((await bundleOf(dir)).hash).toBe((await bundleOf(project(pipeline))).hash);
});

test("errors name the user's file, line and column, and no frame of outflow or Node", async () => {
  const dir = project({
    'pipeline.ts': `import { z } from 'zod';\nimport { check } from './lib/check';\n\nexport const throwing = () => check();\nexport const parsing = () => z.int().parse('x');`,
    'lib/check.ts': `interface Nothing {\n  here: true;\n}\nexport function check(): Nothing {\n  throw new TypeError('no');\n}`,
  });
  const { throwing, parsing } = (await load(dir)) as Record<string, { frame: unknown; stack: string }>;
  const [pipeline, check] = [path.join(dir, 'pipeline.ts'), path.join(dir, 'lib', 'check.ts')];
  expect(throwing?.frame).toEqual({ file: check, line: 5, column: 9 });
  expect(throwing?.stack.split('\n').slice(0, 2)).toEqual([
    `    at check (${check}:5:9)`,
    expect.stringMatching(/^ {4}at .*throwing \(.*pipeline\.ts:4:31\)$/),
  ]);
  expect(throwing?.stack).not.toMatch(/node:|outflow-bundle/);
  expect(parsing?.frame).toEqual({ file: pipeline, line: 5, column: 38 });
});

test('bundling can be called off, and leaves no process behind', async () => {
  const dir = project({ 'pipeline.ts': 'export const found = 1;' });
  const signal = AbortSignal.abort(new Error('called off'));
  await expect(bundlePipeline(path.join(dir, 'pipeline.ts'), { signal })).rejects.toThrow('called off');
  const later = new AbortController();
  const bundling = bundlePipeline(path.join(dir, 'pipeline.ts'), { signal: later.signal });
  later.abort(new Error('called off later'));
  await expect(bundling).rejects.toThrow('called off later');
  writeFiles(dir, { 'pipeline.ts': 'export const found = 2;' });
  expect(await load(dir)).toEqual({ found: 2 });
});
