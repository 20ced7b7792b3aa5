// A stored bundle on disk: written once, whole, by however many processes; its map names this machine's files.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { materializeBundle, SCRIPT } from '../../../src/loader/materialize.ts';
import { decodeBundle, encodeBundle } from '../../../src/loader/stored-bundle.ts';
import { bundleOf, project } from './temporary-project.ts';

const pipeline = { 'pipeline.ts': `export { found } from './lib/a.ts';`, 'lib/a.ts': 'export const found = 1;' };

test('many writers at once leave one whole script and nothing else', async () => {
  const { hash, bytes, pipelineDir: dir } = await bundleOf(project(pipeline));
  const cache = path.join(project({}), 'bundles');
  const scripts = await Promise.all(
    Array.from({ length: 20 }, () => materializeBundle({ hash, bytes, pipelineDir: dir, dir: cache })),
  );
  expect(new Set(scripts).size).toBe(1);
  expect(readdirSync(cache)).toEqual([path.basename(path.dirname(scripts[0]!))]);
  expect(readdirSync(path.dirname(scripts[0]!)).sort()).toEqual([SCRIPT, `${SCRIPT}.map`]);
  expect(statSync(scripts[0]!).mode & 0o077).toBe(0);
});

test('the map names the original files of the directory it was written for', async () => {
  const { hash, bytes, pipelineDir: dir } = await bundleOf(project(pipeline));
  const cache = path.join(project({}), 'bundles');
  const here = await materializeBundle({ hash, bytes, pipelineDir: dir, dir: cache });
  const there = await materializeBundle({ hash, bytes, pipelineDir: '/on/another machine', dir: cache });
  const sourcesOf = (script: string): string[] => JSON.parse(readFileSync(`${script}.map`, 'utf8')).sources;
  const files = ['pipeline.ts', path.join('lib', 'a.ts')];
  expect(sourcesOf(here)).toEqual(files.map((file) => pathToFileURL(path.join(dir, file)).href));
  expect(sourcesOf(there)).toEqual(files.map((file) => `file:///on/another%20machine/${file}`));
  expect(readFileSync(there, 'utf8')).toBe(readFileSync(here, 'utf8'));
});

test('what was not used for long is removed when another is written, what is used stays', async () => {
  const { hash, bytes, pipelineDir: dir } = await bundleOf(project(pipeline));
  const cache = path.join(project({}), 'bundles');
  const write = (pipelineDir: string): Promise<string> => materializeBundle({ hash, bytes, pipelineDir, dir: cache });
  const [unused, used] = [await write('/unused'), await write('/used')];
  const halfWritten = path.join(cache, 'half.1.tmp');
  writeFileSync(halfWritten, '');
  for (const file of [path.dirname(unused), path.dirname(used), halfWritten]) utimesSync(file, 0, 0);
  expect(await write('/used')).toBe(used);
  await write(dir);
  expect([unused, used, halfWritten].map((file) => existsSync(file))).toEqual([false, true, false]);
});

test('a place that cannot be written to is told with the path', async () => {
  const { hash, bytes, pipelineDir: dir } = await bundleOf(project(pipeline));
  const taken = path.join(project({ bundles: 'a file' }), 'bundles');
  await expect(materializeBundle({ hash, bytes, pipelineDir: dir, dir: taken })).rejects.toMatchObject({
    code: 'bad-environment',
    message: expect.stringContaining(taken),
  });
  rmSync(taken);
});

test('a stored bundle comes back as it was; a damaged one and one of another version are refused', () => {
  const content = { code: 'export {};', map: '{}', externals: ['a'] };
  expect(decodeBundle(encodeBundle(content))).toMatchObject(content);
  expect(() => decodeBundle(Buffer.from('no'))).toThrow('the stored bundle of the pipeline is damaged');
  expect(() => decodeBundle(encodeBundle({ ...content, version: 9 } as never))).toThrow(/version 9; this outflow reads 2/);
});
