// A run goes on with the build that it began with, though its clone is built anew meanwhile.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepBuild } from '../../../scripts/kept-builds.mjs';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { runWhile, UNDISTURBED } from '../../support/replaced-runs.ts';

let world: World;
beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

/** With a Node of its own. */
function copyOfClone(name: string) {
  const clone = path.join(world.dir, name);
  mkdirSync(clone);
  execFileSync('cp', ['-a', path.join(projectRoot, 'dist'), path.join(projectRoot, 'package.json'), clone]);
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(clone, 'node_modules'));
  const [dist, node] = [path.join(clone, 'dist'), path.join(clone, 'node')];
  copyFileSync(process.execPath, node);
  return { dist, node };
}

test('a clone that is built anew while a run goes on', async () => {
  const { dist, node } = copyOfClone('clone');
  const words = (args: string[]) => [node, path.join(dist, 'outflow.cjs'), ...args];
  const results = await runWhile(world, 'run', words, () => {
    const files = ['outflow.cjs', ...readdirSync(path.join(dist, 'program')).map((part) => path.join('program', part))];
    for (const file of files) {
      writeFileSync(path.join(dist, 'new'), 'throw new Error("of another build");');
      renameSync(path.join(dist, 'new'), path.join(dist, file));
    }
    keepBuild(dist, 'other', files);
    rmSync(node); // as by `npm ci`
  });
  expect(results).toEqual(UNDISTURBED);
});

test('of old builds those in use and the last three are kept', () => {
  const dist = path.join(world.dir, 'dist');
  mkdirSync(dist);
  writeFileSync(path.join(dist, 'outflow.cjs'), '');
  const hoursAgo: Record<string, number> = { unused: 3, first: 1.9, second: 1.8, third: 1.7, fourth: 1.6 };
  for (const [id, hours] of Object.entries(hoursAgo)) {
    keepBuild(dist, id, ['outflow.cjs']);
    const at = Date.now() / 1000 - hours * 3_600;
    utimesSync(path.join(dist, 'builds', id), at, at);
  }
  keepBuild(dist, 'fifth', ['outflow.cjs']);
  expect(readdirSync(path.join(dist, 'builds')).sort()).toEqual(['fifth', 'first', 'fourth', 'second', 'third']);
  expect(existsSync(path.join(dist, 'builds/fifth/outflow.cjs'))).toBe(true);
});
