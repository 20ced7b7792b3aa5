// `outflow exec` in pipes, as programs use it: what the process finds, what goes in and comes out, and how it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';
import { isAlive, makeExecWorld, startWaiting, type WaitingRun } from './waiting-run.ts';

const MIB = 1024 * 1024;

let world: World;
let waiting: WaitingRun;
let unit: string;

beforeAll(async () => {
  world = makeExecWorld();
  waiting = await startWaiting(world, '--workers', '2');
  unit = `${waiting.run}/Wait/0`;
});

afterAll(async () => {
  await world.run(['cancel', 'last', '--now']);
  await world.end();
});

test('a command finds what the unit finds: directory, environment, CPUs', async () => {
  const script = 'pwd; echo "$TMPDIR"; echo "$OMP_NUM_THREADS"; echo "$OUTFLOW_TEST"; grep Cpus_allowed_list /proc/self/status';
  const { stdout, exitCode } = await world.run(['exec', unit, '--', 'sh', '-c', script]);
  const { cwd, TMPDIR, OMP_NUM_THREADS, OUTFLOW_TEST, cpus } = await waiting.lookOf(0);
  expect(stdout.split('\n')).toEqual([cwd, TMPDIR, OMP_NUM_THREADS, OUTFLOW_TEST, cpus]);
  expect(OUTFLOW_TEST).toBe('of the submitter');
  expect(exitCode).toBe(0);
});

test('stdin goes in, stdout and stderr come out apart, and the exit code is the command’s', async () => {
  const script = 'read line; echo "out $line"; echo err >&2; exit 7';
  const { stdout, stderr, exitCode } = await world.run(['exec', unit, '--', 'sh', '-c', script], { input: 'typed\n' });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'out typed', stderr: 'err', exitCode: 7 });
});

test('without a command a shell reads stdin', async () => {
  const { stdout, exitCode } = await world.run(['exec', unit], { input: 'echo $((6 * 7))\nexit 3\n', env: { SHELL: '/bin/sh' } });
  expect(stdout).toBe('42');
  expect(exitCode).toBe(3);
});

test('a signal that ends the command, and a command that is not there, have the exit codes of shells', async () => {
  expect((await world.run(['exec', unit, '--', 'sh', '-c', 'kill -TERM $$'])).exitCode).toBe(128 + 15);
  const missing = await world.run(['exec', unit, '--', 'no-such-command']);
  expect(missing.exitCode).toBe(127);
  expect(missing.stderr).toMatch(/^outflow: .*no-such-command: not found$/);
});

test('--json gives what was said as one document', async () => {
  const { stdout, exitCode } = await world.run(['exec', unit, '--json', '--', 'sh', '-c', 'echo a; echo b >&2; exit 2']);
  expect(JSON.parse(stdout)).toEqual({ exitCode: 2, signal: null, stdout: 'a\n', stderr: 'b\n' });
  expect(exitCode).toBe(2);
});

test('10 MB come back as they went in', async () => {
  const input = Array.from({ length: 1_000_000 }, (_, at) => String(at).padStart(9)).join('\n');
  const { stdout } = await world.run(['exec', unit, '--', 'cat'], { input });
  expect(stdout === input).toBe(true);
});

test('a reader that is slow holds the process up, and fills no memory', async () => {
  const ended = path.join(world.dir, 'ended');
  const before = memoryOf(world);
  const script = `head -c ${256 * MIB} /dev/zero; echo > ended`;
  const [command = '', ...words] = world.words('exec', unit, '--', 'sh', '-c', script);
  const child = spawn(command, words, {
    cwd: world.dir,
    env: { ...process.env, ...world.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await until(() => child.stdout.readableLength > 0);
  await expect(vi.waitFor(() => expect(existsSync(ended)).toBe(true), { timeout: 1_500 })).rejects.toThrow();
  let received = 0;
  for await (const chunk of child.stdout) received += (chunk as Buffer).length;
  expect(received).toBe(256 * MIB);
  expect(existsSync(ended)).toBe(true);
  expect(memoryOf(world) - before).toBeLessThan(120 * MIB);
});

test('Ctrl-C goes to the command, and the third ends the CLI and what it has started', async () => {
  const polite = world.start(['exec', unit, '--', 'sh', '-c', 'trap "echo caught; exit 5" INT; echo ready; sleep 1000 & wait']);
  await once(polite.stdout, 'data');
  polite.kill('SIGINT');
  expect(await polite).toMatchObject({ stdout: 'ready\ncaught', exitCode: 5 });

  const deaf = world.start(['exec', unit, '--', 'sh', '-c', 'trap "" INT; echo ready; sleep 3333.5']);
  await once(deaf.stdout, 'data');
  const pressing = setInterval(() => deaf.kill('SIGINT'), 100); // signals that come at once are one
  const { exitCode, signal } = await deaf;
  clearInterval(pressing);
  expect(exitCode ?? signal).toBeOneOf([130, 'SIGINT']); // the same to a shell: it may be pressed once more while it ends
  await until(() => !isAlive('3333.5'));
});

test('a CLI that is killed takes with it all that it has started', async () => {
  const child = world.start(['exec', unit, '--', 'bash', '-mc', 'nohup sleep 3333.1 & sleep 3333.2']);
  await until(() => isAlive('3333.1') && isAlive('3333.2'));
  child.kill('SIGKILL');
  await child;
  await until(() => !isAlive('3333.1') && !isAlive('3333.2'));
});

test('what the command leaves behind does not hold it up, and is ended', async () => {
  const { stdout, exitCode } = await world.run(['exec', unit, '--', 'sh', '-c', 'sleep 3333.3 & echo first']);
  expect(stdout).toBe('first');
  expect(exitCode).toBe(0);
  await until(() => !isAlive('3333.3'));
});

test('a unit that does not run is said, with some that do', async () => {
  const waits = await world.run(['exec', `${waiting.run}/Wait/2`, '--', 'true']);
  expect(waits.stderr).toBe(
    `error: ${waiting.run}/Wait/2 does not run: it has not begun\n  running: ${unit}, ${waiting.run}/Wait/1`,
  );
  expect(waits.exitCode).toBe(4);
  expect((await world.run(['exec', `${waiting.run}/Wait/77`])).stderr).toContain(`there is no unit ${waiting.run}/Wait/77`);
  expect((await world.run(['exec', `${waiting.run}/List`])).stderr).toContain('does not run: it has succeeded');
  expect((await world.run(['exec', `${waiting.run}/Wait`])).stderr).toContain('Wait has many units');
  expect((await world.run(['exec', waiting.run])).stderr).toContain('names no unit');
  expect((await world.run(['exec', `${waiting.run}/Wat/0`])).exitCode).toBe(4);
  expect((await world.run(['exec', 'zzzz/Wait/0'])).exitCode).toBe(4);
});

test('a process goes on when its unit has ended, and is told; it ends with the agent', async () => {
  const child = world.start(['exec', unit, '--', 'sh', '-c', 'echo ready; sleep 3333.4']);
  await once(child.stdout, 'data');
  waiting.end(0);
  await once(child.stderr, 'data');
  expect(isAlive('3333.4')).toBe(true);
  waiting.end('all');
  const { stderr, exitCode } = await child;
  expect(stderr).toContain('outflow: the unit does not run any more');
  expect(stderr).toMatch(/error: agent local-\S+ on \S+ has gone/);
  expect(exitCode).toBe(6);
  await until(() => !isAlive('3333.4'));
  expect((await world.run(['exec', unit])).stderr).toContain(`run ${waiting.run} has ended: succeeded`);
});

/** Bytes of the coordinator and the agent, at their largest. */
function memoryOf({ home }: World): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`OUTFLOW_HOME=${home}\0`);
        if (!isOurs || !/\0(__coordinator|agent)\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) return 0;
        return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
      } catch {
        return 0; // another user's, or it has just ended
      }
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}
