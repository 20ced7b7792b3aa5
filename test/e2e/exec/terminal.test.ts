// `outflow exec` on a terminal, as a person uses it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { projectRoot, type World } from '../../support/outflow.ts';
import { sealed } from '../../support/program-under-test.ts';
import { CTRL_C, onTerminal, type Terminal } from '../../support/terminal.ts';
import { until } from '../../support/until.ts';
import { isAlive, makeExecWorld, startWaiting, type WaitingRun } from './waiting-run.ts';

const CTRL_D = '\u0004';

let world: World;
let waiting: WaitingRun;
let unit: string;

beforeAll(async () => {
  world = makeExecWorld();
  world.env['SHELL'] = '/bin/sh';
  waiting = await startWaiting(world, '--workers', '2');
  unit = `${waiting.run}/Wait/0`;
});

afterAll(async () => {
  await world.run(['cancel', 'last', '--now']);
  await world.end();
});

/** Shows the name of its terminal first. */
function terminal(...args: string[]): Terminal {
  return onTerminal(['sh', '-c', 'tty; exec "$@"', 'sh', ...world.words(...args)], { cwd: world.dir, env: world.env });
}

test('a shell with a terminal of the same size, that follows it when it changes', async () => {
  const shown = terminal('exec', unit);
  await shown.until(/\/dev\/pts\/\d+[^$#]*[$#] /);
  shown.press('echo "size $(stty size) TERM $TERM"; pwd\n');
  await shown.until(/size 24 90 TERM xterm-256color/);
  await shown.until(new RegExp(world.dir));
  const tty = /\/dev\/pts\/\d+/.exec(shown.shown)?.[0] as string;
  execFileSync('stty', ['-F', tty, 'rows', '40', 'cols', '123']);
  shown.press('until [ "$(stty size)" = "40 123" ]; do :; done; echo "now $(stty size)"\n');
  await shown.until(/now 40 123/);
  shown.press('exit 9\n');
  expect(await shown.ended).toBe(9);
});

test('Ctrl-C interrupts what runs in the shell, and not the shell; Ctrl-D ends it', async () => {
  const shown = terminal('exec', unit);
  await shown.until(/[$#] $/);
  shown.press('sleep 3344.1\n');
  await until(() => isAlive('3344.1'));
  shown.press(CTRL_C);
  await until(() => !isAlive('3344.1'));
  shown.press('echo "still $((20 + 3))"\n');
  await shown.until(/still 23/);
  shown.press(CTRL_D);
  expect(await shown.ended).toBe(0);
});

test('a closed terminal ends the shell and its jobs', async () => {
  const shown = terminal('exec', unit);
  await shown.until(/[$#] $/);
  shown.press('sleep 3344.2 & sleep 3344.3\n');
  await until(() => isAlive('3344.2') && isAlive('3344.3'));
  shown.close();
  await shown.ended;
  await until(() => !isAlive('3344.2') && !isAlive('3344.3'));
});

test('more is typed than a program reads: nothing stands still, and nothing is lost', async () => {
  const shown = terminal('exec', unit, '--', 'sh', '-c', 'stty raw -echo; echo ready; sleep 3; head -c 200000 | wc -c');
  await shown.until(/ready/);
  shown.press('x'.repeat(200_000));
  await shown.until(/200000/);
  expect(await shown.ended).toBe(0);
  expect((await world.json<{ agents: object[] }>(['agents', waiting.run])).agents).toHaveLength(1);
});

test('all that a command says just before its end is shown', async () => {
  const shown = terminal('exec', unit, '--', 'seq', '100000');
  expect(await shown.ended).toBe(0);
  const numbers = shown.shown.split(/\r?\n/).filter((line) => /^\d+$/.test(line));
  expect(numbers).toHaveLength(100_000);
});

test.skipIf(sealed)('without node-pty the same goes on plain pipes, and says so', async () => {
  const bare = mkdtempSync(path.join(tmpdir(), 'outflow-bare-')); // with no node_modules above it
  onTestFinished(() => rmSync(bare, { recursive: true }));
  mkdirSync(path.join(bare, 'node_modules'));
  cpSync(path.join(projectRoot, 'dist'), path.join(bare, 'dist'), { recursive: true });
  cpSync(path.join(projectRoot, 'package.json'), path.join(bare, 'package.json'));
  for (const name of readdirSync(path.join(projectRoot, 'node_modules')))
    if (name !== '@lydell') symlinkSync(path.join(projectRoot, 'node_modules', name), path.join(bare, 'node_modules', name));
  waiting.end('all');
  await until(async () => (await world.json<{ state: string }>(['status', waiting.run])).state === 'succeeded');
  const other = await startWaiting({
    ...world,
    run: (args, options) => world.run(args, { ...options, program: path.join(bare, 'dist/outflow.cjs') }),
  });
  const shown = terminal(
    'exec',
    `${other.run}/Wait/0`,
    '--',
    'sh',
    '-c',
    'test -t 0 || echo no terminal; read line; echo "got $line"',
  );
  await shown.until(/no terminal/);
  expect(shown.shown).toContain('has no node-pty');
  shown.press('words\n');
  await shown.until(/got words/);
  expect(await shown.ended).toBe(0);
});
