// Where the pipeline file and the configuration are found.
import path from 'node:path';
import { expect, test } from 'vitest';
import { findConfigFile, findPipelineFile } from '../../../src/loader/find.ts';
import { project } from './temporary-project.ts';

test('-p names a file anywhere, or a directory that holds pipeline.ts', () => {
  const dir = project({ 'a/pipeline.ts': '', 'a/other.ts': '', 'pipeline.ts': '' });
  expect(findPipelineFile({ cwd: dir, flag: 'a/other.ts' })).toBe(path.join(dir, 'a', 'other.ts'));
  expect(findPipelineFile({ cwd: '/', flag: path.join(dir, 'a') })).toBe(path.join(dir, 'a', 'pipeline.ts'));
});

test('without a flag it is the file in the directory, then the configured one', () => {
  const dir = project({ 'conf/p/pipeline.mjs': '', 'here/pipeline.mts': '', 'here/pipeline.js': '', 'empty/x': '' });
  const configured = { pipeline: 'p', configFile: path.join(dir, 'conf', 'outflow.config.json') };
  expect(findPipelineFile({ cwd: path.join(dir, 'here'), configured })).toBe(path.join(dir, 'here', 'pipeline.mts'));
  expect(findPipelineFile({ cwd: path.join(dir, 'empty'), configured })).toBe(path.join(dir, 'conf', 'p', 'pipeline.mjs'));
});

test('no pipeline file: the error says where it looked and what to do', () => {
  const dir = project({ 'a/x': '', 'other.mts': '' });
  const attempt = (options: Parameters<typeof findPipelineFile>[0]) => () => findPipelineFile(options);
  expect(attempt({ cwd: dir })).toThrow(
    expect.objectContaining({
      code: 'no-pipeline-file',
      message: expect.stringContaining(dir),
      hint: expect.stringContaining('-p '),
    }),
  );
  expect(attempt({ cwd: dir, flag: 'gone' })).toThrow(`${path.join(dir, 'gone')} (-p gone) does not exist`);
  expect(attempt({ cwd: dir, flag: 'other.ts' })).toThrow(
    expect.objectContaining({ hint: `did you mean ${path.join(dir, 'other.mts')}?` }),
  );
  expect(attempt({ cwd: dir, flag: 'a' })).toThrow(/the directory .*a \(-p a\) has no pipeline\.ts/);
  expect(attempt({ cwd: dir, configured: { pipeline: 'b.ts', configFile: path.join(dir, 'c.json') } })).toThrow(
    /b\.ts \(pipeline: b\.ts in .*c\.json\) does not exist/,
  );
});

test('the nearest configuration upward counts, code before data', () => {
  const dir = project({
    'outflow.config.yaml': '',
    'outflow.config.ts': '',
    'a/outflow.config.json': '',
    'a/b/c/x': '',
    'd/x': '',
  });
  expect(findConfigFile(path.join(dir, 'a', 'b', 'c'))).toBe(path.join(dir, 'a', 'outflow.config.json'));
  expect(findConfigFile(path.join(dir, 'd'))).toBe(path.join(dir, 'outflow.config.ts'));
});
