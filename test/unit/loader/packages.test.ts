// Where a pipeline's packages come from, and how they are made: each by real directories and a real build that a process loads.
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundleOf, load, project } from './temporary-project.ts';

const link = (dir: string, from: string, to: string): void => {
  mkdirSync(path.dirname(path.join(dir, from)), { recursive: true });
  symlinkSync(path.relative(path.dirname(path.join(dir, from)), path.join(dir, to)), path.join(dir, from));
};

test('conditions of exports: node, import and require, patterns, names of a package for its own files', async () => {
  const dir = project({
    'pipeline.ts': `
      import { how } from 'dual'; import { feature } from 'dual/features/a'; import { self, internal } from 'dual/self';
      import { createRequire } from 'node:module';
      import cjs from 'uses-dual';
      export const found = [how, feature, self, internal, cjs];`,
    'node_modules/dual/package.json': `{ "name": "dual", "type": "module", "imports": { "#in": { "browser": "./no.js", "node": "./in.js" } },
      "exports": { ".": { "browser": "./no.js", "import": "./i.js", "require": "./r.cjs" }, "./features/*": "./f/*.js", "./self": "./self.js" } }`,
    'node_modules/dual/i.js': `export const how = 'import';`,
    'node_modules/dual/r.cjs': `exports.how = 'require';`,
    'node_modules/dual/f/a.js': `export const feature = 'a';`,
    'node_modules/dual/in.js': `export const internal = 'in';`,
    'node_modules/dual/self.js': `export { how as self } from 'dual'; export { internal } from '#in';`,
    'node_modules/uses-dual/package.json': '{}',
    'node_modules/uses-dual/index.js': `module.exports = require('dual').how;`,
  });
  expect(await load(dir)).toEqual({ found: ['import', 'a', 'import', 'in', 'require'] });
});

test('what a package leaves to the moment: a package that is not there, a name put together, its own place', async () => {
  const dir = project({
    'pipeline.ts': `import tool from 'tool'; export const found = tool.found; export const late = () => tool.late(); export const later = () => tool.later();`,
    'node_modules/tool/package.json': '{ "main": "lib/main" }',
    'node_modules/tool/lib/main.js': `// A licence.
      /* And more. */
      'use strict'
      const isStrict = (function () { return this === undefined; })();
      let optional = 'none'; try { optional = require('not-there'); } catch (e) { optional = e.code; }
      const part = (name) => require('./parts/' + name + '.js');
      const text = \`
import nothing from 'nowhere';
export default nothing;
\`;
      exports.found = [isStrict, optional, part('a').a, require.resolve('./parts/b.js').slice(__dirname.length), require.main === module, text.length > 9];
      exports.late = () => require('not-there-either');
      exports.later = () => import('nor-that');`,
    'node_modules/tool/lib/parts/a.js': 'exports.a = 1;',
    'node_modules/tool/lib/parts/b.js': 'exports.b = 1;',
  });
  const { found, late, later } = await load(dir);
  expect(found).toEqual([true, 'MODULE_NOT_FOUND', 1, '/parts/b.js', false, true]);
  const main = path.join(dir, 'node_modules', 'tool', 'lib', 'main.js');
  expect(late).toMatchObject({ stack: expect.stringContaining(`${main}:12:28`) });
  expect(later).toMatchObject({ stack: expect.stringContaining(main) });
  expect((await bundleOf(dir)).externals).toEqual([]);
});

test('packages that are links: of a workspace, in TypeScript, and as pnpm lays them out', async () => {
  const dir = project({
    'flows/pipeline.ts': `import { shared } from '@our/shared'; import a from 'a'; export const found = [shared, a];`,
    'packages/shared/package.json': '{ "name": "@our/shared", "type": "module", "exports": "./src/index.ts" }',
    'packages/shared/src/index.ts': `import { helper } from 'helper'; enum E { x = 'shared' } export const shared: string = E.x + helper;`,
    'packages/shared/node_modules/helper/package.json': '{ "type": "module" }',
    'packages/shared/node_modules/helper/index.js': `export const helper = '+helper';`,
    'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': '{ "name": "a" }',
    'node_modules/.pnpm/a@1.0.0/node_modules/a/index.js': `module.exports = 'a' + require('b');`,
    'node_modules/.pnpm/b@2.0.0/node_modules/b/package.json': '{ "name": "b" }',
    'node_modules/.pnpm/b@2.0.0/node_modules/b/index.js': `module.exports = '+b2';`,
  });
  link(dir, 'node_modules/@our/shared', 'packages/shared');
  link(dir, 'flows/node_modules/a', 'node_modules/.pnpm/a@1.0.0/node_modules/a');
  link(dir, 'node_modules/.pnpm/a@1.0.0/node_modules/b', 'node_modules/.pnpm/b@2.0.0/node_modules/b');
  expect(await load(dir, 'flows/pipeline.ts')).toEqual({ found: ['shared+helper', 'a+b2'] });
});

test('a pipeline that is itself a link is the file that it leads to', async () => {
  const dir = project({
    'real/pipeline.ts': `export { found } from './lib.ts'; export const here = __filename;`,
    'real/lib.ts': 'export const found = 1;',
  });
  link(dir, 'linked/pipeline.ts', 'real/pipeline.ts');
  expect(await load(dir, 'linked/pipeline.ts')).toEqual({ found: 1, here: path.join(dir, 'real', 'pipeline.ts') });
});

test('errors thrown in a package name its file and the line of the pipeline that called it, over await', async () => {
  const dir = project({
    'pipeline.ts': `import { broken } from 'broken';\nexport const throwing = async () => {\n  await broken();\n};`,
    'node_modules/broken/package.json': '{ "type": "module" }',
    'node_modules/broken/index.js': `\nexport async function broken() {\n  await null;\n  throw new Error('in a package');\n}`,
  });
  const { throwing } = (await load(dir)) as { throwing: { frame: unknown; stack: string } };
  expect(throwing.frame).toEqual({ file: path.join(dir, 'pipeline.ts'), line: 3, column: 3 });
  expect(throwing.stack).toContain(`at broken (${path.join(dir, 'node_modules/broken/index.js')}:4:9)`);
});
