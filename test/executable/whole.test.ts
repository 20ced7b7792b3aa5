// The executable says itself what its bytes must be: in its last line, so that everybody can see whether a copy is whole.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/program-under-test.ts';

test('its last line is the SHA-256 of all that stands before it', () => {
  const file = path.join(projectRoot, 'dist/outflow');
  const said = execFileSync('tail', ['-n', '1', file], { encoding: 'utf8' });
  const measured = execFileSync('sh', ['-c', 'head -c -72 "$1" | sha256sum', 'sh', file], { encoding: 'utf8' });
  expect(said).toBe(`sha256:${measured.split(' ')[0]}\n`);
});
