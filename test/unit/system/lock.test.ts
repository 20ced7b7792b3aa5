// The mutex between processes: one at a time, and free again when its holder is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../src/system/lock.ts';

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'outflow lock '));
  file = path.join(root, 'start.lock');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('only one is inside at a time', async () => {
  let inside = 0;
  const enter = () =>
    withLock(file, { timeoutMs: 10_000, what: 'a test' }, async () => {
      expect(++inside).toBe(1);
      await nextTurn();
      inside--;
    });
  await Promise.all(Array.from({ length: 8 }, enter));
});

test('a holder that is killed lets go; until then waiting has a deadline and can be given up', async () => {
  const program = `const { DatabaseSync } = require('node:sqlite'); const lock = new DatabaseSync(process.argv[1]);
    lock.exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--no-warnings', '-e', program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const work = async () => 'done';
  await expect(withLock(file, { timeoutMs: 50, what: 'a test' }, work)).rejects.toMatchObject({ code: 'bad-environment' });
  const given = withLock(file, { timeoutMs: 10_000, what: 'a test', signal: AbortSignal.timeout(50) }, work);
  await expect(given).rejects.toThrow();
  holder.kill('SIGKILL');
  await expect(withLock(file, { timeoutMs: 10_000, what: 'a test' }, work)).resolves.toBe('done');
});
