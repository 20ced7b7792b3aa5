// A command's arguments: their values by type, and one clear message for each that is wrong.
import { describe, expect, test } from 'vitest';
import { argumentFlags, argumentValues, kebabName } from '../../../cli/pipeline/argument-flags.ts';
import { commandUsage } from '../../../cli/pipeline/usage.ts';
import { isOutflowError } from '../../../src/model/errors.ts';
import type { CommandDescription, FlagDescription } from '../../../src/sdk/internal.ts';

const flag = (name: string, kind: FlagDescription['kind'], more: Partial<FlagDescription> = {}): FlagDescription => ({
  name,
  kind,
  required: false,
  multiple: false,
  ...more,
});

const command: CommandDescription = {
  name: 'compute_data',
  flags: [
    flag('multiplier', 'integer', { required: true, description: 'by how much', min: 1, max: 100 }),
    flag('scale', 'number', { default: 0.5 }),
    flag('mode', 'option', { options: ['fast', 'exact'] }),
    flag('name', 'string', { multiple: true }),
    flag('dry_run', 'boolean', { default: false }),
  ],
};

const values = (given: Record<string, unknown>) => argumentValues(command, given, 'usage: …');

function errorOf(given: Record<string, unknown>) {
  try {
    return values(given);
  } catch (error) {
    if (!isOutflowError(error)) throw error;
    return `${error.code}: ${error.message}\n${error.hint}`;
  }
}

test('texts become values, defaults are filled in', () => {
  expect(values({ multiplier: '3', mode: 'fast', name: ['a', '1'] })).toEqual({
    multiplier: 3,
    scale: 0.5,
    mode: 'fast',
    name: ['a', '1'],
    dry_run: false,
  });
});

test('an optional argument that is not given is absent', () => {
  expect(values({ multiplier: '3' })).not.toHaveProperty('mode');
});

describe('one message for each mistake', () => {
  test.each([
    [{}, 'missing-argument: compute_data needs --multiplier (integer, at least 1, at most 100): by how much'],
    [{ multiplier: 'x' }, "bad-argument: --multiplier must be an integer, not 'x'"],
    [{ multiplier: '3.5' }, "bad-argument: --multiplier must be an integer, not '3.5'"],
    [{ multiplier: '' }, "bad-argument: --multiplier must be an integer, not ''"],
    [{ multiplier: '99999999999999999999' }, "bad-argument: --multiplier must be an integer, not '99999999999999999999'"],
    [{ multiplier: '0' }, "bad-argument: --multiplier must be at least 1, not '0'"],
    [{ multiplier: '101' }, "bad-argument: --multiplier must be at most 100, not '101'"],
    [{ multiplier: '3', scale: 'big' }, "bad-argument: --scale must be a number, not 'big'"],
    [{ multiplier: '3', mode: 'fats' }, "bad-argument: --mode must be one of fast, exact, not 'fats'\ndid you mean fast?"],
  ])('%j', (given, message) => {
    expect(errorOf(given)).toContain(message);
    expect(errorOf(given)).toContain('usage: …');
  });
});

test('a name of several words may also be written with dashes', () => {
  expect(kebabName('some_value')).toBe('some-value');
  expect(kebabName('someValue')).toBe('some-value');
  expect(argumentFlags(command.flags)['dry_run']?.aliases).toEqual(['dry-run']);
  expect(argumentFlags(command.flags)['multiplier']?.aliases).toEqual([]);
});

test('the usage spells out what is required', () => {
  expect(commandUsage('run', command)).toBe('run compute_data --multiplier <integer> [flags]');
});
