// The first pass over argv: the pipeline file and the command's name, before the command's own flags are known.
import { describe, expect, test } from 'vitest';
import { firstPass, ownFlags, pickName } from '../../../cli/pipeline/first-pass.ts';

const own = ownFlags({
  pipeline: { type: 'option', char: 'p' },
  backend: { type: 'option', char: 'b' },
  quiet: { type: 'boolean', char: 'q' },
});
const names = ['compute_data', 'report'];

function read(line: string) {
  const pass = firstPass(line === '' ? [] : line.split(' '), own);
  return { file: pass.pipeline, ...pickName(pass.words, names) };
}

describe('the pipeline file', () => {
  test.each(['-p x.ts', '-px.ts', '-p=x.ts', '--pipeline x.ts', '--pipeline=x.ts'])('is found as %s', (flag) => {
    expect(read(`compute_data --multiplier 3 ${flag}`).file).toBe('x.ts');
    expect(read(`${flag} compute_data`)).toEqual({ file: 'x.ts', name: 'compute_data' });
  });

  test('is not looked for after --', () => {
    expect(read('compute_data -- -p x.ts').file).toBeUndefined();
  });
});

describe("the command's name", () => {
  test.each([
    'compute_data',
    'compute_data --multiplier 3',
    '--multiplier 3 compute_data',
    '--multiplier=3 compute_data',
    '-q compute_data',
    '--backend parallel compute_data',
    '-b report compute_data', // `report` is the backend's value, right or wrong
    '--name report compute_data',
    '--verbose_thing compute_data', // a boolean of the command's own
    '--json compute_data',
    '-- compute_data',
  ])('is found in: %s', (line) => {
    expect(read(line)).toMatchObject({ name: 'compute_data' });
  });

  test('is not found where there is none', () => {
    expect(read('')).toMatchObject({ unknown: undefined });
    expect(read('--multiplier 3')).toMatchObject({ unknown: '3' });
  });

  test('is told as it was typed when there is no such command', () => {
    expect(read('--multiplier 3 compute_dat')).toMatchObject({ unknown: 'compute_dat' });
  });
});
