// outflow's zod and the pipeline's own, in all the ways to import either.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundleOf, load, project } from './temporary-project.ts';

const { version, exports } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('zod/package.json'), 'utf8'));

test('all that can be imported of zod can be imported of the one inside, and is one zod', async () => {
  const names = Object.keys(exports).filter((name) => !/\*|json$|compile/.test(name));
  const dir = project({
    'pipeline.ts': `
      ${names.map((name, at) => `import * as m${at} from ${JSON.stringify(path.posix.join('zod', name))};`).join('\n')}
      import { z, config } from 'zod'; import * as mini from 'zod/mini'; import * as core from 'zod/v4/core'; import v4 from 'zod/v4';
      import de from 'zod/v4/locales/de.js'; import { z as z3 } from 'zod/v3';
      export const sizes = [${names.map((_, at) => `Object.keys(m${at}).length > 5`).join(', ')}];
      export const found = [z.string === v4.string, z.string() instanceof core.$ZodType, mini.string() instanceof core.$ZodType, core.globalConfig === config()];
      export const said = [mini.safeParse(mini.int(), 'x').success, z3.string().safeParse(1).success];
      export const german = () => { config(de()); return z.int().safeParse('x').error?.issues[0]?.message; };`,
  });
  expect(await load(dir)).toEqual({
    sizes: names.map(() => true),
    found: [true, true, true, true],
    said: [false, false],
    german: expect.stringMatching(/^Ungültig/),
  });
});

test('zod/compile compiles the schemas that are made after it', async () => {
  const dir = project({
    'pipeline.ts': `import 'zod/compile'; import { z } from 'zod'; const schema = z.object({ a: z.int() });
      export const found = [z.config().postProcessor !== undefined, schema.parse({ a: 1 }), schema.safeParse({ a: 'x' }).success];`,
  });
  expect(await load(dir)).toEqual({ found: [true, { a: 1 }, false] });
});

test('with only `zod` imported the bundle holds no more than that', async () => {
  const [narrow, wide] = await Promise.all(
    [`import { z } from 'zod';`, `import { z } from 'zod'; import 'zod/mini';`].map((line) =>
      bundleOf(project({ 'pipeline.ts': `${line} export const found = z.int();` })),
    ),
  );
  expect(narrow!.bytes.length).toBeLessThan(wide!.bytes.length);
});

test('a module that zod does not have is told at its import', async () => {
  const bundling = bundleOf(project({ 'pipeline.ts': `import x from 'zod/maxi'; export { x };` }));
  await expect(bundling).rejects.toMatchObject({
    message: expect.stringMatching(/pipeline\.ts:1:15: zod has nothing .* "zod\/maxi"/),
  });
});

test('an own zod of another version wins, also in the packages beside it, and for its other modules', async () => {
  const dir = project({
    'pipeline.ts': `import { z } from 'zod'; import { mini } from 'zod/mini'; import other from 'other'; import { task } from 'outflow';
      export const found = [z, mini, other, typeof task];`,
    'node_modules/zod/package.json': '{ "version": "3.99.0", "exports": { ".": "./index.cjs", "./mini": "./mini.cjs" } }',
    'node_modules/zod/index.cjs': `exports.z = 'own zod';`,
    'node_modules/zod/mini.cjs': `exports.mini = 'own mini';`,
    'node_modules/other/package.json': '{}',
    'node_modules/other/index.js': `module.exports = require('zod').z;`,
  });
  expect(await load(dir)).toEqual({ found: ['own zod', 'own mini', 'own zod', 'function'] });
});

test('an own zod of the same version counts as the one inside', async () => {
  const pipeline = { 'pipeline.ts': `import { z } from 'zod'; export const found = typeof z.int;` };
  const dir = project({ ...pipeline, 'node_modules/zod/package.json': JSON.stringify({ name: 'zod', version }) });
  expect((await bundleOf(dir)).hash).toBe((await bundleOf(project(pipeline))).hash);
});

test('a whole zod of its own, of another version, is bundled and works as schemas of tasks', async () => {
  const dir = project({
    'pipeline.ts': `import { z } from 'zod'; import { task } from 'outflow';
      const schema = z.array(z.int()).min(1);
      export const named = () => typeof task({ name: 'A', outputs: { a: schema }, run: () => [1] });
      export const found = schema['~standard'].validate([]).issues?.length;`,
  });
  const own = path.join(dir, 'node_modules', 'zod');
  cpSync(path.dirname(createRequire(import.meta.url).resolve('zod/package.json')), own, { recursive: true });
  const meta = JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8'));
  writeFileSync(path.join(own, 'package.json'), JSON.stringify({ ...meta, version: '4.0.1' }));
  expect(await load(dir)).toEqual({ named: 'function', found: 1 });
});
