// The coordinator's log, also where its disk is full.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { logFile } from '../../../src/coordinator/log-file.ts';

test('lines are appended', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'of-'));
  const file = path.join(dir, 'log');
  for (const line of ['one\n', 'two\n']) logFile(file).write(line);
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  rmSync(dir, { recursive: true });
});

test.skipIf(!existsSync('/dev/full'))('a full disk loses lines, and ends nothing', () => {
  const log = logFile('/dev/full');
  for (const line of ['one\n', 'two\n']) expect(() => log.write(line)).not.toThrow();
});
