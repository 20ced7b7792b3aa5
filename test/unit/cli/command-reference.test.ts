// docs/cli.md says what the commands say: `npx vitest run test/unit/cli/command-reference.test.ts --update` writes its tables anew.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { commandSections, exitCodeTable } from '../../support/command-reference.ts';

const file = path.resolve(import.meta.dirname, '../../../docs/cli.md');

test('the reference lists each command, argument, flag and exit code', async () => {
  const parts: Record<string, string> = { 'exit codes': exitCodeTable(), commands: commandSections() };
  const text = readFileSync(file, 'utf8').replace(
    /(<!-- ([a-z ]+): made by .* -->\n)(?:.|\n)*?(<!-- end -->)/g,
    (_whole, begin: string, part: string, end: string) => `${begin}\n${parts[part]}\n\n${end}`,
  );
  await expect(text).toMatchFileSnapshot(file);
});
