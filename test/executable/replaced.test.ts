// A run goes on with the executable that it began with, though another takes its place, or none does.
import { chmodSync, copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../support/outflow.ts';
import { givenToProgram, inSealed } from '../support/program-under-test.ts';
import { runWhile, UNDISTURBED } from '../support/replaced-runs.ts';

let world: World;
beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

function copyOfExecutable(name: string): string {
  const file = path.join(world.dir, name);
  copyFileSync(path.join(projectRoot, 'dist/outflow'), file);
  chmodSync(file, 0o755);
  return givenToProgram(file);
}

const words = (file: string) => (args: string[]) => inSealed(file, args, { cwd: world.dir, env: world.env });

test('another takes its place while a run goes on', async () => {
  const file = copyOfExecutable('outflow-1');
  const results = await runWhile(world, 'replaced', words(file), () => {
    writeFileSync(`${file}.new`, '#!/bin/sh\necho another version >&2\nexit 1\n', { mode: 0o755 });
    renameSync(`${file}.new`, file);
  });
  expect(results).toEqual(UNDISTURBED);
});

test('it is removed while a run goes on', async () => {
  const file = copyOfExecutable('outflow-2');
  expect(await runWhile(world, 'removed', words(file), () => rmSync(file))).toEqual(UNDISTURBED);
});
