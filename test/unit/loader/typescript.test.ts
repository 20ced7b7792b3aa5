// What of TypeScript a pipeline may be written in, each by a real build whose result a real process loads.
import { expect, test } from 'vitest';
import { bundleOf, load, project, writeFiles } from './temporary-project.ts';

test('enums and namespaces that are merged, nested, exported, computed, and constant over files', async () => {
  const dir = project({
    'pipeline.ts': `
      import { Size, Unit, Units } from './sizes.ts';
      enum Bits { none, a = 1 << 0, b = 1 << 1, both = a | b, long = 'long'.length }
      namespace Units2 { export namespace Deep { export let count = 1; export const twice = () => count * 2; } }
      namespace Units2 { export import D = Deep; }
      function make() { return make.made; }
      namespace make { export const made = 'made'; }
      abstract class Shape { static known: string[] = []; static { Shape.known.push('Shape'); } declare readonly never: true; accessor area = 2; }
      Units2.Deep.count = 5;
      import type { Nothing } from './nothing-there.d.ts';
      import { type Also } from './sizes.ts';
      const nothing = undefined as Nothing | Also | undefined;
      export const found = [Bits.both, Bits.long, Bits[3], Size.large, Unit.of(Size.small), Units.length, Units2.D.twice(), make(), nothing];
      export const shape = () => { class Round extends Shape {} return [new Round().area, Shape.known.length]; };`,
    'sizes.ts': `
      export const enum Size { small = 10, large = small * 2 }
      export class Unit { private constructor(readonly size: Size, private twice = 2) {} static of(size: Size) { return new Unit(size).size; } }
      export type Also = { also: true };
      export const Units = <const T extends readonly unknown[]>(...units: T): T => units;`,
    'nothing-there.d.ts': 'export type Nothing = 1;',
  });
  expect(await load(dir)).toEqual({ found: [3, 4, 'both', 20, 10, 0, 10, 'made', null], shape: [2, 1] });
});

test('decorators of the standard: classes, methods, fields, accessors, with metadata of theirs', async () => {
  const dir = project({
    'pipeline.ts': `
      const seen: string[] = [];
      const note = (_: unknown, context: DecoratorContext): void => { seen.push(context.kind + ' ' + String(context.name)); };
      const twice = (method: (this: A) => number) => function (this: A): number { return method.call(this) * 2; };
      const start = (_: undefined, __: ClassFieldDecoratorContext) => (value: number) => value + 1;
      @note class A { @note @start field = 1; @note accessor b = 2; @note static c() {} @twice d() { return this.field; } @note get e() { return 1; } @note #f = 1; }
      export const found = [new A().d(), ...seen.sort()];`,
  });
  expect(await load(dir)).toEqual({
    found: [4, 'accessor b', 'class A', 'field #f', 'field field', 'getter e', 'method c'],
  });
});

test('decorators of before the standard, where the nearest tsconfig or one that it extends asks for them', async () => {
  const dir = project({
    'tsconfig.json': '{ // with a comment\n "extends": ["./base.json", "@scope/config/strict"], }',
    'base.json': '{ "compilerOptions": { "experimentalDecorators": true, "useDefineForClassFields": false } }',
    'node_modules/@scope/config/package.json': '{ "name": "@scope/config" }',
    'node_modules/@scope/config/strict.json': '{ "compilerOptions": { "strict": true } }',
    'pipeline.ts': `
      const seen: unknown[] = [];
      const note = (...what: unknown[]) => (_target: object, key?: string, at?: unknown) => { seen.push([...what, key, typeof at]); };
      @note('class') class A { constructor(@note('argument') readonly a: number) {} @note('method') b(@note('argument') _c: number) {} @note('static') static d = 1; }
      new A(1).b(2);
      export const found = seen;`,
  });
  const { found } = await load(dir);
  expect(found).toEqual([
    ['argument', 'b', 'number'],
    ['method', 'b', 'object'],
    ['static', 'd', 'undefined'],
    ['argument', null, 'number'],
    ['class', null, 'undefined'],
  ]);
});

test('metadata of decorators is warned of where a tsconfig asks for it, and only for code that has decorators', async () => {
  const files = {
    'tsconfig.json': '{ "extends": "./base" }',
    'base.json': '{ "compilerOptions": { "experimentalDecorators": true, /* , */ "emitDecoratorMetadata": true, } }',
  };
  const decorated = project({
    ...files,
    'pipeline.ts': 'const note = (_: object, __: string) => {}; class A { @note b = 1; } export const found = new A().b;',
  });
  expect((await bundleOf(decorated)).warnings).toEqual([
    expect.stringMatching(/tsconfig\.json: emitDecoratorMetadata has no effect/),
  ]);
  expect((await bundleOf(project({ ...files, 'pipeline.ts': 'export const found = 1;' }))).warnings).toEqual([]);
  writeFiles(decorated, { 'tsconfig.json': '{ "extends": "./base", "compilerOptions": { "emitDecoratorMetadata": false } }' });
  expect((await bundleOf(decorated)).warnings).toEqual([]);
});

test('paths, baseUrl and extends of a tsconfig, also of one further up', async () => {
  const dir = project({
    'tsconfig.json': '{ "extends": "./configs/paths.json", "compilerOptions": { "module": "nodenext" } }',
    'configs/paths.json':
      '{ "compilerOptions": { "baseUrl": "../source", "paths": { "#lib/*": ["lib/*", "other/*"], "exact": ["./exact.ts"] } } }',
    'flows/pipeline.ts': `
      import { a } from '#lib/a'; import { b } from '#lib/b.js'; import { exact } from 'exact'; import { c } from 'deep/c';
      export const found = [a, b, exact, c];`,
    'source/lib/a.ts': 'export const a = 1;',
    'source/other/b.ts': 'export const b = 2;',
    'source/exact.ts': 'export const exact = 3;',
    'source/deep/c.ts': 'export const c = 4;',
  });
  expect(await load(dir, 'flows/pipeline.ts')).toEqual({ found: [1, 2, 3, 4] });
});

test('JSX, with the factory that the tsconfig or the file names', async () => {
  const dir = project({
    'tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h", "jsxFragmentFactory": "Fragment" } }',
    'pipeline.ts': `export { found } from './report.tsx';`,
    'report.tsx': `
      const h = (name: string, attributes: object | null, ...children: unknown[]) => [name, attributes, ...children];
      const Fragment = 'fragment';
      export const found = <><p class="x">{1 + 1}</p></>;`,
  });
  expect(await load(dir)).toEqual({ found: ['fragment', null, ['p', { class: 'x' }, 2]] });
});

test('.mts, .cts, .js, .mjs, .cjs and .json import each other', async () => {
  const dir = project({
    'pipeline.mts': `
      import { a } from './a.mjs'; import { c } from './c.cjs'; import { d } from './d.js'; import * as e from './e.cjs';
      import json from './f.json' with { type: 'json' }; import { name } from './f.json';
      export const found = [a, c, d, e.default.e, json.name, name];`,
    'a.mts': `import { c } from './c.cts'; export const a: string = 'a' + c;`,
    'c.cts': `const path = require('node:path') as typeof import('node:path'); export const c: string = path.basename(__filename);`,
    'd.js': `import { createRequire } from 'node:module'; export const d = createRequire(import.meta.url)('./f.json').name;`,
    'e.cjs': `module.exports = { e: require('./f.json').name + typeof require('./a.mjs') };`,
    'f.json': '{ "name": "json" }',
  });
  expect(await load(dir, 'pipeline.mts')).toEqual({
    found: ['ac.cts', 'c.cts', 'json', 'jsonobject', 'json', 'json'],
  });
});

test('a byte order mark, carriage returns and a line for the shell, with the lines where they were', async () => {
  for (const start of ['\uFEFF', '#!/usr/bin/env outflow\r\n', '\uFEFF// one\r\n']) {
    const dir = project({
      'pipeline.ts': `${start}export const where = import.meta.filename;\r\nimport './lib.ts';\r\nexport const throwing = () => {\r\n  throw new Error('x');\r\n};\r\n`,
      'lib.ts': '\uFEFFexport {};\r\n',
    });
    const line = start.includes('\n') ? 5 : 4;
    expect(await load(dir)).toMatchObject({ where: `${dir}/pipeline.ts`, throwing: { frame: { line, column: 9 } } });
  }
});

test('top-level await in several files runs in order, and import() of a text is bundled', async () => {
  const dir = project({
    'pipeline.ts': `
      import { order } from './order.ts'; import './first.ts'; import './second.ts';
      const { later } = await import('./later.ts'); order.push(later);
      const name = 'b'; const { b } = await import(\`./by-name/\${name}.ts\`); order.push(b);
      export const found = order;
      export const lazily = async () => (await import('./lazily.ts')).default;`,
    'order.ts': 'export const order: unknown[] = [];',
    'first.ts': `import { order } from './order.ts'; await new Promise((done) => setImmediate(done)); order.push(1);`,
    'second.ts': `import { order } from './order.ts'; order.push(2);`,
    'later.ts': 'export const later = await Promise.resolve(3);',
    'by-name/a.ts': 'export const a = 4;',
    'by-name/b.ts': 'export const b = 5;',
    'lazily.ts': `export default 'lazily';`,
  });
  expect(await load(dir)).toEqual({ found: [1, 2, 3, 5], lazily: 'lazily' });
});
