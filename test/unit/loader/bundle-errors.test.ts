// What is said of a pipeline that cannot be bundled: where, the line, and what to do.
import path from 'node:path';
import { expect, test } from 'vitest';
import { isOutflowError } from '../../../src/model/errors.ts';
import { bundleOf, type Files, project } from './temporary-project.ts';

async function failure(
  files: Files,
): Promise<{ dir: string; code: string; message: string; hint: string | undefined; where: string | undefined }> {
  const dir = project(files);
  try {
    await bundleOf(dir);
  } catch (error) {
    if (isOutflowError(error)) return { dir, ...error.toJSON(), hint: error.hint, where: error.where };
    throw error;
  }
  throw new Error('it was bundled');
}

test('a syntax error has file, line, column, the line and a caret', async () => {
  const { dir, code, message, where } = await failure({ 'pipeline.ts': `const a = 1;\n\tconst ä = 'ö' 2;\n` });
  expect(code).toBe('pipeline-syntax');
  expect(where).toBe(`${path.join(dir, 'pipeline.ts')}:2:16`);
  expect(message).toMatch(/pipeline\.ts:2:16: Expected ";" but found "2"\n 2 │ \tconst ä = 'ö' 2;\n {5}\t {14}\^$/);
});

test('a syntax error in an imported file names that file', async () => {
  const { dir, where } = await failure({ 'pipeline.ts': `import './lib/a.ts';`, 'lib/a.ts': '\n}' });
  expect(where).toBe(`${path.join(dir, 'lib', 'a.ts')}:2:1`);
});

test('a package that is not installed is named, with where to install it', async () => {
  const { dir, code, message, hint, where } = await failure({
    'lib.ts': '',
    'pipeline.ts': `import './lib';\nimport x from '@some/thing/sub'; x();`,
  });
  expect(code).toBe('pipeline-unbundled');
  expect(message).toMatch(/pipeline\.ts:2:15: cannot find the package "@some\/thing\/sub"/);
  expect(hint).toBe(`install it where the pipeline can find it: cd ${dir} && npm install @some/thing`);
  expect(where).toBe(`${path.join(dir, 'pipeline.ts')}:2:15`);
});

test('a file that is not there is named', async () => {
  const { code, message, hint } = await failure({ 'pipeline.ts': `import { x } from './gone.ts'; export { x };` });
  expect(code).toBe('pipeline-unbundled');
  expect(message).toContain('cannot find the file "./gone.ts"');
  expect(hint).toMatch(/check the path/);
});

test('a name that outflow does not export is an error at its place', async () => {
  const { code, message, where } = await failure({ 'pipeline.ts': `import { task, tusk } from 'outflow'; tusk(task);` });
  expect(code).toBe('pipeline-syntax');
  expect(message).toMatch(/pipeline\.ts:1:16: outflow does not export "tusk"/);
  expect(where).toMatch(/pipeline\.ts:1:16$/);
});

test('of many errors the first three are told', async () => {
  const lines = Array.from({ length: 5 }, (_, index) => `import './gone-${index}.ts';`);
  const { message } = await failure({ 'pipeline.ts': lines.join('\n') });
  expect(message.match(/cannot find the file/g)).toHaveLength(3);
  expect(message).toMatch(/and 2 more$/);
});

test('a package whose own dependency is missing: its import, the one in the pipeline that led there, and where to install', async () => {
  const { dir, code, message, hint, where } = await failure({
    'pipeline.ts': `import './own.ts';`,
    'own.ts': `\nimport a from 'a';\nexport { a };`,
    'node_modules/a/package.json': '{}',
    'node_modules/a/index.js': `try { require('optional'); } catch {} module.exports = require('b');`,
    'node_modules/b/package.json': '{ "type": "module" }',
    'node_modules/b/index.js': `import { c } from 'c';\nexport default c;`,
  });
  expect(code).toBe('pipeline-unbundled');
  expect(message).toMatch(
    /node_modules\/b\/index\.js:1:19: cannot find the package "c"\n(.*\n)+imported by .*own\.ts:2:15 as "a"$/,
  );
  expect(where).toBe(`${path.join(dir, 'own.ts')}:2:15`);
  expect(hint).toBe(`a package lacks what it needs: cd ${dir} && npm install`);
});

test('a package that is no JavaScript: its line, and the import of it', async () => {
  const { dir, code, message, hint, where } = await failure({
    'pipeline.ts': `export const x = 1;\nimport 'flow-typed/sub';`,
    'node_modules/flow-typed/package.json': '{}',
    'node_modules/flow-typed/sub.js': 'const a: number = 1;',
  });
  expect(code).toBe('pipeline-unbundled');
  expect(message).toMatch(/flow-typed\/sub\.js:1:8: .*\n(.*\n)+imported by .*pipeline\.ts:2:8 as "flow-typed\/sub"$/);
  expect(where).toBe(`${path.join(dir, 'pipeline.ts')}:2:8`);
  expect(hint).toMatch(/this package cannot be bundled/);
});

test('a file of a kind that is not known says how to import it', async () => {
  const { code, message, hint, where } = await failure({ 'pipeline.ts': `import x from './x.bin'; export { x };`, 'x.bin': '' });
  expect(code).toBe('pipeline-unbundled');
  expect(message).toMatch(/pipeline\.ts:1:15: a file that ends in \.bin is imported, and what is in it is not known/);
  expect(hint).toMatch(/with \{ type: 'text' \}/);
  expect(where).toMatch(/pipeline\.ts:1:15$/);
});
