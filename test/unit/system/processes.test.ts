// Who is alive: zombies are not, reused pids are not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  isSameProcess,
  killGroup,
  processIdentity,
  processNumbers,
  processStat,
  waitForExit,
} from '../../../src/system/processes.ts';

test('a process is itself, and nobody else who got its pid', () => {
  const me = processIdentity(process.pid);
  expect(me).not.toBeNull();
  expect(isSameProcess(me!)).toBe(true);
  expect(isSameProcess({ pid: process.pid, startedAt: 'another time' })).toBe(false);
});

test('a pid that nobody has is nobody', () => {
  expect(processIdentity(2 ** 30)).toBeNull();
  expect(processIdentity(0)).toBeNull();
  expect(processIdentity(-1)).toBeNull();
});

test('a zombie counts as dead', async () => {
  // The shell starts a child that ends at once, and becomes a program that never waits for it.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = processIdentity(Number(chunk.toString()));
    if (child) expect(await waitForExit(child, 5_000)).toBe(true);
    process.kill(Number(chunk.toString()), 0); // still answers: it is a zombie
  } finally {
    killGroup(parent.pid!, 'SIGKILL');
    await once(parent, 'exit');
  }
});

test.skipIf(process.platform !== 'linux')('the session of a process is known, whatever the process is called', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'of-'));
  const program = path.join(directory, 'a) Z 1 (b');
  copyFileSync('/bin/sleep', program);
  const leader = spawn(program, ['30'], { stdio: 'ignore', detached: true });
  try {
    await once(leader, 'spawn');
    expect(processStat(leader.pid!)).toMatchObject({ session: leader.pid, isZombie: false });
    expect(processNumbers()).toContain(leader.pid);
  } finally {
    leader.kill('SIGKILL');
    await once(leader, 'exit');
    rmSync(directory, { recursive: true });
  }
  expect(processStat(leader.pid!)).toBeNull();
});
