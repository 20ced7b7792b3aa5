// What pipelines are made of, as the program itself bundles and runs it: all of TypeScript, packages, add-ons, errors with their places.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeNativePackage } from '../../support/native-package.ts';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { givenToProgram } from '../../support/program-under-test.ts';

let world: World;
let count = 0;
/** Of the test's own project. */
let dir: string;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());
beforeEach(() => {
  dir = `project ${++count}`;
});

type Files = Record<string, string>;

const write = (files: Files): void => {
  for (const [name, text] of Object.entries(files)) world.write(path.join(dir, name), text);
};
const inProject = (...words: string[]) => world.run(words, { cwd: path.join(world.dir, dir) });
const placeOf = (file: string, line: number): string => `${path.join(world.dir, dir, file)}:${line}:`;
const results = async (): Promise<unknown> => JSON.parse((await inProject('results', 'last')).stdout);

/** A pipeline whose only task, A, runs `body`, which is put where lines are counted from 4. */
const oneTask = (body: string, imports = ''): string =>
  `import { command, task } from 'outflow'; import { z } from 'zod'; ${imports}
const A = task({ name: 'A', outputs: { a: z.any() },
  run: async (_, context) => {
${body}
  } });
export const go = command({ setup: () => A() });`;

test('all of TypeScript, packages of all kinds, and files of other kinds come together in one script', async () => {
  write({
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "paths": { "~/*": ["./lib/*"] } } }',
    'pipeline.ts': oneTask(
      `return [kind, named, workspace, cjs.name, sql, data.n, typeof fork, here.endsWith('pty'), mini.safeParse(mini.int(), 1).success, (await import('./late.mjs')).default, import.meta.dirname === process.cwd()];`,
      `import { kind, named } from '~/typed'; import { workspace } from 'workspace'; import cjs from 'cjs'; import sql from './q.sql';
import data from './data.json' with { type: 'json' }; import { fork, here } from 'pty'; import * as mini from 'zod/mini';`.replaceAll(
        '\n',
        ' ',
      ),
    ),
    'lib/typed.ts': `const enum Kind { one = 'one' } namespace Names { export const all: string[] = []; }
      const note = (_: object, name: string) => { Names.all.push(name); }; class Noted { @note field = 1; } new Noted();
      export const kind: string = Kind.one; export const named = Names.all;`,
    'packages/workspace/package.json': '{ "type": "module", "exports": { "node": "./index.ts" } }',
    'packages/workspace/index.ts': `export const workspace = 'workspace' as const;`,
    'node_modules/cjs/package.json': '{}',
    'node_modules/cjs/index.js': `exports.name = 'cjs' + require('not-needed' + '').x;`,
    'node_modules/cjs/node_modules/not-needed/package.json': '{}',
    'node_modules/cjs/node_modules/not-needed/index.js': 'exports.x = 1;',
    'q.sql': 'select 1',
    'data.json': '{ "n": 2 }',
    'late.mts': `export default 'late';`,
  });
  const project = path.join(world.dir, dir);
  writeNativePackage(project);
  cpSync(path.join(project, 'packages', 'workspace'), path.join(project, 'node_modules', 'workspace'), { recursive: true });
  const planned = await inProject('plan', 'go');
  expect(planned.stdout).toContain('outside   pty: not in the bundle');
  const { stderr, exitCode } = await inProject('run', 'go');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(await results()).toEqual({
    a: ['one', ['field'], 'workspace', 'cjs1', 'select 1', 2, 'function', true, true, 'late', true],
  });
});

test('an error of a task names file and line: thrown, awaited, in an imported file, in a package; in run, status and logs', async () => {
  write({
    'pipeline.ts': oneTask(
      `console.error(new Error('printed'));
context.log.info('before');
await outer();`,
      `import { outer } from './lib/outer.ts';`,
    ),
    'lib/outer.ts': `import { broken } from 'broken';\n\nexport async function outer(): Promise<void> {\n  await null;\n  await broken({ deep: true });\n}`,
    'node_modules/broken/package.json': '{ "type": "module" }',
    'node_modules/broken/index.js': `export async function broken() {\n  await null;\n  throw new RangeError('in a package');\n}`,
  });
  const { stdout, stderr, exitCode } = await inProject('run', 'go');
  expect(exitCode).not.toBe(0);
  const logs = await inProject('logs', 'last');
  for (const said of [stdout + stderr, logs.stdout]) {
    expect(said).toContain(placeOf('pipeline.ts', 4)); // what was printed
    expect(said).not.toMatch(/outflow-bundle|program.host|node:/); // it ends where their code begins
  }
  expect(stderr).toContain('RangeError: in a package');
  for (const place of [placeOf('node_modules/broken/index.js', 3), placeOf('lib/outer.ts', 5), placeOf('pipeline.ts', 6)]) {
    expect((await inProject('logs', 'last', '--failed')).stdout).toContain(place);
  }
});

test('errors of setup and of the file itself name file and line', async () => {
  write({ 'pipeline.ts': `import './lib.ts';\nexport {};`, 'lib.ts': `enum E { a }\n\nthrow new Error(E[0]);` });
  const thrown = await inProject('plan', 'go');
  expect([thrown.exitCode, thrown.stderr]).toEqual([
    3,
    expect.stringMatching(/lib\.ts:3:7: the pipeline file throws Error: a\n/),
  ]);
  write({ 'pipeline.ts': oneTask('').replace('() => A()', `() => {\n  throw new Error('in setup');\n}`) });
  const inSetup = await inProject('run', 'go');
  expect([inSetup.exitCode, inSetup.stderr]).toEqual([3, expect.stringContaining('pipeline.ts:7:9: setup of command go throws')]);
  write({ 'pipeline.ts': `export const a = 1;\nexport const b = ;` });
  const syntax = await inProject('submit', 'go');
  expect([syntax.exitCode, syntax.stderr]).toEqual([
    3,
    expect.stringMatching(/pipeline\.ts:2:18: Unexpected ";"\n +2 │ export const b = ;\n +\^/),
  ]);
  for (const { stderr, stdout } of [thrown, inSetup, syntax]) expect(stdout + stderr).not.toMatch(/outflow-bundle|at .*node:/);
});

test('an add-on that is gone when a host starts is named, with what to do', async () => {
  write({
    'pipeline.ts': `import { command, task } from 'outflow'; import { z } from 'zod'; import { fork } from 'pty'; import { rmSync } from 'node:fs';
const Remove = task({ name: 'Remove', outputs: { kind: z.string() }, run: () => { rmSync('node_modules/pty/index.js'); return typeof fork; } });
const Use = task({ name: 'Use', inputs: { kind: z.string() }, isolate: true, run: () => {} });
export const go = command({ setup: () => Remove().pipe(Use()) });`,
  });
  givenToProgram(writeNativePackage(path.join(world.dir, dir)));
  const { stderr, exitCode } = await inProject('run', 'go');
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/pty has native code, is not in the bundle, and is loaded from .* on .*: it is not installed there/);
});

test('an own outflow of another version runs, or says which one to install', async () => {
  const own = path.join(world.dir, dir, 'node_modules', 'outflow');
  mkdirSync(path.join(own, 'dist'), { recursive: true });
  writeFileSync(
    path.join(own, 'package.json'),
    JSON.stringify({ name: 'outflow', version: '0.0.9', type: 'module', exports: './dist/sdk.mjs' }),
  );
  const sdk = readFileSync(path.join(projectRoot, 'dist', 'sdk.mjs'), 'utf8');
  writeFileSync(path.join(own, 'dist', 'sdk.mjs'), sdk);
  write({ 'pipeline.ts': oneTask('return 7;') });
  expect(await inProject('run', 'go')).toMatchObject({ exitCode: 0 });
  expect(await results()).toEqual({ a: 7 });
  expect(sdk).toMatch(/DEFINITION_FORMAT=1\b/);
  writeFileSync(path.join(own, 'dist', 'sdk.mjs'), sdk.replace(/DEFINITION_FORMAT=1\b/, 'DEFINITION_FORMAT=9'));
  const refused = await inProject('run', 'go');
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toMatch(/command go was made by outflow \S+; this is outflow \S+,/);
  expect(refused.stderr).toMatch(/npm install outflow@\d/);
});

test('a directory that cannot be written to holds a pipeline as well', async () => {
  write({ 'pipeline.ts': oneTask('return 1;') });
  const project = path.join(world.dir, dir);
  chmodSync(project, 0o555);
  try {
    expect(await inProject('run', 'go')).toMatchObject({ exitCode: 0 });
    expect(readdirSync(project)).toEqual(['pipeline.ts']);
  } finally {
    chmodSync(project, 0o755);
    rmSync(project, { recursive: true });
  }
});

test('a bundle of 10 MB runs', async () => {
  const table = Array.from(
    { length: 100_000 },
    (_, row) => `  [${row}, 'a row of the table, with text that takes up space: ${row * 7919}', { row: ${row} }],`,
  );
  write({
    'pipeline.ts': oneTask('return table.length;', `import { table } from './table.ts';`),
    'table.ts': `export const table: [number, string, { row: number }][] = [\n${table.join('\n')}\n];`,
  });
  const { exitCode, stderr } = await inProject('run', 'go', '--backend', 'parallel', '--workers', '2');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(await results()).toEqual({ a: 100_000 });
});
