// All commands and flags, as a file in review: `npx vitest run test/unit/cli/manifest.test.ts --update` writes it anew.
import { expect, test } from 'vitest';
import manifest from '../../../cli/oclif.manifest.json' with { type: 'json' };
import { RESERVED_FLAGS } from '../../../src/model/reserved-flags.ts';
import { manifestFile, manifestText } from '../../support/manifest.ts';

test('the manifest in the program says what the commands say', async () => {
  await expect(await manifestText()).toMatchFileSnapshot(manifestFile);
});

test.each(['plan', 'run', 'submit'] as const)('no argument of a pipeline command can clash with a flag of %s', (id) => {
  const flags = Object.keys(manifest.commands[id].flags);
  expect(flags.filter((flag) => !RESERVED_FLAGS.has(flag))).toEqual([]);
});

test('every command offers --json', () => {
  const without = Object.entries(manifest.commands).filter(([, command]) => !('json' in command.flags));
  expect(without.map(([id]) => id)).toEqual([]);
});
