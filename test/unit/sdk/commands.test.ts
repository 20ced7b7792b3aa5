// The commands of a pipeline module and what the CLI is told of them.
import { expect, test } from 'vitest';
import { command, flag } from '../../../src/index.ts';
import { DEFINITION_FORMAT } from '../../../src/sdk/definition.ts';
import { commandsOf, describeCommand } from '../../../src/sdk/internal.ts';
import { Numbers, problem } from './tasks.ts';

const setup = () => Numbers();
const one = command({ setup });
const two = command({
  description: 'Does two',
  backend: 'parallel',
  args: {
    count: flag.integer({ required: true, min: 1, description: 'how many' }),
    mode: flag.option(['fast', 'exact'], { default: 'fast' }),
    files: flag.string({ multiple: true }),
    dry: flag.boolean(),
  },
  setup,
});

test('the commands of a module are its exports made by command()', () => {
  expect(Object.keys(commandsOf({ one, two, helper: 3, Numbers, nothing: null }))).toEqual(['one', 'two']);
});

test('commands of a module in CommonJS form are found', () => {
  expect(Object.keys(commandsOf({ default: { one, __esModule: true }, __esModule: true }))).toEqual(['one']);
});

test('commands made by another copy of the SDK are known by their brand', () => {
  const brand = Symbol.for('outflow.command');
  const other = { [brand]: { format: DEFINITION_FORMAT, version: '0.9.1', args: {}, setup } };
  expect(Object.keys(commandsOf({ other }))).toEqual(['other']);
});

test('commands made by a version that this one cannot run say which it is, and which to install', () => {
  const brand = Symbol.for('outflow.command');
  const made = (more: object) => () => commandsOf({ other: { [brand]: { args: {}, setup, ...more } } });
  expect(made({ format: DEFINITION_FORMAT + 1, version: '2.0.0' })).toThrow(
    problem('bad-definition', 'command other was made by outflow 2.0.0', 'npm install outflow@') as Error,
  );
  expect(made({})).toThrow(problem('bad-definition', 'outflow of an early version', 'npm install outflow@') as Error);
});

test('a module without commands is an error that says what it exports', () => {
  expect(() => commandsOf({ run: 1, default: {} })).toThrow(
    problem('no-commands', 'the pipeline file exports no command (it exports run)', 'export const') as Error,
  );
});

test('a command is described as plain data', () => {
  const description = describeCommand('two', commandsOf({ two })['two'] as never);
  expect(description).toEqual(JSON.parse(JSON.stringify(description)));
  expect(description).toEqual({
    name: 'two',
    description: 'Does two',
    backend: 'parallel',
    flags: [
      { name: 'count', kind: 'integer', required: true, multiple: false, min: 1, description: 'how many' },
      { name: 'mode', kind: 'option', required: false, multiple: false, options: ['fast', 'exact'], default: 'fast' },
      { name: 'files', kind: 'string', required: false, multiple: true },
      { name: 'dry', kind: 'boolean', required: false, multiple: false, default: false },
    ],
  });
});

test.each(['workers', 'json', 'test_only', 'pipeline'])('an argument named %s is one of our own flags', (name) => {
  const own = command({ args: { [name]: flag.string() }, setup });
  expect(() => describeCommand('own', commandsOf({ own })['own'] as never)).toThrow(
    problem('reserved-name', `argument \`${name}\``) as Error,
  );
});
