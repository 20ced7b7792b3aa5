// What the program says of itself: its version, and the licences of all that is inside.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { License } from '../../../cli/commands/licenses.ts';
import { makeWorld, type World } from '../../support/outflow.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
});

afterAll(() => world.end());

test('version says what is inside, and what it needs', async () => {
  const report = await world.json<Record<string, string>>(['version']);
  expect(report).toMatchObject({ node: expect.stringMatching(/^24\.\d+\.\d+$/), postgres: expect.stringMatching(/^18\.\d+$/) });
  expect(report.platform).toBe(`${process.platform}-${process.arch}`);
  expect(report.commit).toMatch(/^[0-9a-f]{12}$|^unknown$/);
  if (process.platform === 'linux') expect(report.glibc).toBe('2.28');
  const { stdout } = await world.run(['version']);
  for (const value of [report.version, report.commit, report.node, report.postgres]) expect(stdout).toContain(value);
  expect((await world.run(['--version'])).stdout).toContain(report.version);
});

test('licenses prints a list and all texts', async () => {
  const { licenses } = await world.json<{ licenses: License[] }>(['licenses']);
  const names = licenses.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['outflow', 'zod', '@grpc/grpc-js', 'pg', 'slonik']));
  if (process.platform === 'linux') {
    expect(names).toEqual(expect.arrayContaining(['Node.js', 'PostgreSQL', 'OpenSSL', 'ICU', 'esbuild', 'Go', 'node-pty']));
  }
  const { stdout } = await world.run(['licenses']);
  const list = stdout.slice(0, stdout.indexOf('\n\n'));
  for (const { name, text } of licenses) {
    expect(list).toContain(name);
    expect(stdout).toContain(text.trimEnd());
  }
});

test('licenses of one thing, also by the name of a part of it', async () => {
  const { stdout } = await world.run(['licenses', 'zod']);
  expect(stdout).toMatch(/^zod 4\.[\d.]+\n=+\nMIT License\n/);
  if (process.platform === 'linux') expect((await world.run(['licenses', 'v8'])).stdout).toMatch(/^Node\.js 24/);

  const { stderr, exitCode } = await world.run(['licenses', 'nothing']);
  expect(stderr).toMatch(/brings nothing along that is called nothing\n.*outflow licenses/);
  expect(exitCode).toBe(2);
});

test('a pager that is left early is no error', async () => {
  const [program = '', ...words] = world.words('licenses');
  const child = spawn(program, words, {
    cwd: world.dir,
    env: { ...process.env, ...world.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
