// What a command line asks for before it is parsed.
import { expect, test } from 'vitest';
import { pipelineVerb, wantsHelp, wantsJson } from '../../../cli/words.ts';

test('flags count before `--`, where values begin', () => {
  expect(['run x --help', 'run -h', '--json -h'].map((line) => wantsHelp(line.split(' ')))).toEqual([true, true, true]);
  expect(['run x -- --help', 'run x', 'run x --helpful'].map((line) => wantsHelp(line.split(' ')))).toEqual([
    false,
    false,
    false,
  ]);
  expect(['runs --json', 'runs -- --json'].map((line) => wantsJson(line.split(' ')))).toEqual([true, false]);
});

test('three commands are about a pipeline', () => {
  expect(['plan', 'run', 'submit', 'runs', undefined].map(pipelineVerb)).toEqual(['plan', 'run', 'submit', undefined, undefined]);
});
