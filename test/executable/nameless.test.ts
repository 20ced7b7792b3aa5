// A user whom the user database does not know, with nothing in the environment: as in a bare chroot, or in a container.
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { projectRoot, sealed } from '../support/program-under-test.ts';

const PIPELINE = path.join(projectRoot, 'test/fixtures/cli/pipeline.ts');
const UID = 54_321;

const testNameless = test.skipIf(!sealed?.user);

async function nameless(args: string[], env: Record<string, string> = {}) {
  const { enter, executable } = sealed!;
  const [command = '', ...words] = enter.map((word) => word.replace(/^(--set[ug]id)=.*/, `$1=${UID}`));
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return await execa(command, [...words, '--chdir=/', ...assignments, executable, ...args], { reject: false });
}

testNameless('help, versions and plans need neither', async () => {
  expect(await nameless(['--help'])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await nameless(['version'])).toMatchObject({ exitCode: 0, stderr: '' });
  const planned = await nameless(['plan', 'work', '-p', PIPELINE], { OUTFLOW_HOME: '/tmp/nameless' });
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('doubles  map over numbers') });
});

testNameless('without a HOME to write to, another place serves, and is said', async () => {
  const { stderr, exitCode } = await nameless(['plan', 'work', '-p', PIPELINE]);
  expect(stderr).toMatch(/cannot make the directory \/\.cache|^$/); // once said, it is known
  expect(exitCode).toBe(0);
});

testNameless('for the embedded database, that a name is missing', async () => {
  const { stderr, exitCode } = await nameless(['db', 'start'], { OUTFLOW_HOME: '/tmp/nameless' });
  expect(stderr).toContain(`error: the uid ${UID} has no name on this machine, and Postgres cannot run without one`);
  expect(exitCode).toBe(6);
});
