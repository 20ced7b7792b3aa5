// Output that goes to a full disk: for results that is an error like others, progress is just lost.
import { spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, type World } from '../../support/outflow.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

/** Whose output of that file descriptor goes to a full disk. */
function call(full: 1 | 2, word: string) {
  const [command = '', ...words] = world.words(word);
  const stdio: ('pipe' | number)[] = ['pipe', 'pipe', 'pipe'];
  stdio[full] = openSync('/dev/full', 'w');
  return spawnSync(command, words, { cwd: world.dir, env: { ...process.env, ...world.env }, stdio, encoding: 'utf8' });
}

test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is an error, without a stack', () => {
  const { stderr, status } = call(1, 'version');
  expect(stderr).toMatch(/^error: the output cannot be written: the disk is full \(ENOSPC\)\n {2}free some space/);
  expect(stderr).not.toContain('    at ');
  expect(status).toBe(6);
});

test.skipIf(!existsSync('/dev/full'))('what cannot be told on stderr changes nothing', () => {
  expect(call(2, 'runs').status).toBe(0);
});
