// What the executable finds around it in these tests, and that it is enough: no Node, no npm, no packages, an empty HOME.
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../support/outflow.ts';
import { inSealed, sealed } from '../support/program-under-test.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

/** In the sealed place, by its shell. */
async function shell(script: string): Promise<string> {
  const [command = '', ...words] = inSealed('sh', ['-c', script], { cwd: world.dir, env: {} });
  return (await execa(command, words)).stdout;
}

test('there is no Node, no npm and no package, and HOME is empty', async () => {
  expect(await shell('for name in node npm npx corepack; do command -v $name; done; true')).toBe('');
  expect(await shell('env | grep -v -e ^HOME= -e ^PATH= -e ^PWD= -e ^_= -e ^SHLVL=; true')).toBe('');
  expect(await shell('ls -A "$HOME"')).toBe('');
});

test.skipIf(sealed?.unsealed)('there is nothing but libc, the shell and the executable', async () => {
  const system = ['bin', 'dev', 'etc', 'home', 'lib', 'lib64', 'mnt', 'outflow', 'proc', 'tmp', 'usr'];
  // The tests and the examples lie where they lie outside; so do the files that tests write.
  const ofTests = [projectRoot, world.dir].map((directory) => directory.split(path.sep)[1] as string);
  expect((await shell('ls /')).split('\n').sort()).toEqual([...new Set([...system, ...ofTests])].sort());
  expect(await shell('ls /etc /usr')).toBe('/etc:\npasswd\n\n/usr:\nbin');
  expect(await shell(`ls -A '${projectRoot}'`)).toBe('examples\ntest');
});

test.skipIf(!sealed?.user)('the user is an ordinary one', async () => {
  expect(await shell('id')).toMatch(/^uid=61234\(somebody\) gid=61234 groups=61234/);
});
