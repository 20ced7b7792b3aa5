// Namespaces of modules as literals: the same to whoever uses them as esbuild's own.
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { literalNamespaces } from '../../../src/loader/namespaces.ts';
import { project } from './temporary-project.ts';

const FILES = {
  'main.js': `import * as all from './all.js'; export * from './all.js'; export { all };
    export const seen = [Object.keys(all).sort(), all.later(), { ...all }.one, typeof all.Late];`,
  'all.js': `export const one = 1; export { one as 'a name' }; export function later() { return two; } export class Late {}
    const two = 2; export default 'it'; export * as none from './none.js';`,
  'none.js': '',
};

const NAMES = ['Late', 'a name', 'default', 'later', 'none', 'one'];

async function bundled(minify: boolean): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${project(FILES)}/main.js`],
    ...{ bundle: true, write: false, format: 'iife', globalName: 'found', minifyWhitespace: true, minifySyntax: true },
    minifyIdentifiers: minify,
  });
  return outputFiles[0]!.text;
}

test.each([true, false])('what was exported is exported (identifiers minified: %s)', async (minify) => {
  const code = await bundled(minify);
  const literal = literalNamespaces(code);
  expect(literal).toContain('={get ');
  expect(literal.length).not.toBe(code.length);
  const run = (text: string): Record<string, unknown> => new Function(`${text};return found`)();
  const [before, after] = [run(code), run(literal)];
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const { seen, one } of [before, after]) expect([seen, one]).toEqual([[NAMES, 2, 1, 'function'], 1]);
});

test('code without namespaces stays as it is', () => {
  const code = 'var x={};f(x,{a:()=>b});';
  expect(literalNamespaces(code)).toBe(code);
});
