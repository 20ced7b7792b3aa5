// `outflow doctor` against the built program: what it finds here, what it says of what is missing, and its exit code.
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { sealed } from '../../support/program-under-test.ts';

interface Finding {
  check: string;
  verdict: string;
  found: string;
  advice: string | null;
}

interface Examined {
  ok: boolean;
  groups: { title: string; findings: Finding[] }[];
}

let world: World;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

/** With limits of the shell around it. */
async function limited(ulimit: string, args: string[]) {
  const line = `ulimit ${ulimit}; exec "$@"`;
  const words = sealed ? world.words('doctor', ...args) : [path.join(projectRoot, 'bin/outflow'), 'doctor', ...args];
  return await execa('bash', ['-c', line, 'bash', ...words], { env: world.env, cwd: world.dir, reject: false });
}

function findings({ groups }: Examined): Map<string, Finding> {
  return new Map(groups.flatMap((group) => group.findings).map((finding) => [finding.check, finding]));
}

test('where all is well says so, and starts the embedded database', async () => {
  const { stdout, stderr, exitCode } = await world.run(['doctor']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(sealed ? /^ {2}✓ program {8}one executable, \//m : /^ {2}✓ node {11}\d+\.\d+\.\d+, \//m);
  expect(stdout).toContain(`✓ state root     ${world.home}`);
  expect(stdout).toMatch(/✓ postgres {7}PostgreSQL \d+\.\d+, embedded, started in /);
  expect(stdout.split('\n').at(-1)).toMatch(/^(all that a run needs is here|nothing is missing, \d+ warnings?)$/);
});

test('with --json tells the same as a document', async () => {
  const examined = await world.json<Examined>(['doctor']);
  expect(examined).toMatchObject({ ok: true, backend: 'sequential', node: null });
  expect(examined.groups.map(({ title }) => title)).toEqual(['program', 'state', 'database']);
  expect(findings(examined).get('postgres')).toMatchObject({ verdict: 'ok', advice: null });
});

test.each([
  ['-n 200', 'open files', '200 (ulimit -n)'],
  ['-v 3000000', 'address space', '2.9 GiB (ulimit -v)'],
])('a low ulimit %s is found, and how to raise it', async (ulimit, check, found) => {
  const { stdout, exitCode } = await limited(ulimit, ['--json']);
  const examined: Examined = JSON.parse(stdout);
  expect(findings(examined).get(check)).toMatchObject({
    verdict: 'missing',
    found,
    advice: expect.stringContaining('`ulimit -'),
  });
  expect({ exitCode, ok: examined.ok }).toEqual({ exitCode: 1, ok: false });
});

// The executable has no shell before it that could say so.
test.skipIf(sealed)('where Node itself cannot start, the limit is named', async () => {
  const { stderr, exitCode } = await limited('-v 1000000', []);
  expect(stderr).toContain('so little address space (ulimit -v 1000000)');
  expect(exitCode).toBe(1);
});

test('a database that cannot be reached is found, and no password shown', async () => {
  const env = { OUTFLOW_DATABASE_URL: 'postgresql://ada:geheim@127.0.0.1:1/flow' };
  const { stdout, exitCode } = await world.run(['doctor'], { env });
  expect(stdout).toMatch(/✗ postgres {7}the database postgresql:\/\/ada@127\.0\.0\.1:1\/flow cannot be reached/);
  expect(stdout).not.toContain('geheim');
  expect(exitCode).toBe(1);
});

test('a database that is named is asked for its version, rights and clock', async () => {
  const { stdout: url } = await world.run(['db', 'url']);
  const examined = await world.json<Examined>(['doctor'], { env: { OUTFLOW_DATABASE_URL: url.trim() } });
  expect(findings(examined).get('postgres')?.found).toMatch(/^PostgreSQL \d+\.\d+, postgresql:/);
  expect(findings(examined).get('clock')?.verdict).toBe('ok');
});

test('a state root that cannot be made is found once', async () => {
  const examined = await world.json<Examined>(['doctor'], { env: { OUTFLOW_HOME: '/proc/none' } });
  expect(findings(examined).get('state root')).toMatchObject({
    verdict: 'missing',
    found: expect.stringContaining('/proc/none'),
  });
  expect(findings(examined).get('postgres')?.found).toBe('not tried, for want of what is missing above (state)');
});

test('a host without Slurm is told to be one, and no job is tried', async () => {
  const { stdout, exitCode } = await world.run(['doctor', '--backend', 'slurm', '--probe'], { env: { PATH: '/nowhere' } });
  expect(stdout).toMatch(/✗ commands {7}sbatch, squeue, scontrol, scancel, sinfo are not on the PATH\n +→ .*login node/);
  expect(stdout).toContain('✗ job            not tried, for want of what is missing above (commands)');
  expect(exitCode).toBe(1);
});

test('a configuration that is wrong is found as all else is', async () => {
  world.write('elsewhere/outflow.config.yaml', 'slurm: { sharedDri: /scratch }\n');
  const { stdout, exitCode } = await world.run(['doctor'], { cwd: path.join(world.dir, 'elsewhere') });
  expect(stdout).toMatch(/✗ outflow.config {2}.*did you mean sharedDir/);
  expect(stdout).toContain('✓ postgres');
  expect(exitCode).toBe(1);
});

test.each([
  [['--probe'], '--probe is for the backend slurm'],
  [['--sbatch', 'partition=x'], '--sbatch is for the backend slurm'],
  [['--backend', 'slurm', '--timeout', 'soon'], "--timeout must be a duration, not 'soon'"],
])('%j is a wrong flag', async (flags, message) => {
  const { stderr, exitCode } = await world.run(['doctor', ...flags]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});
