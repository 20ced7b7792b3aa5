// The lock of a clone's setup: whose it is, and who holds none any more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { killGroup, processStat } from '../../../src/system/processes.ts';
import { until } from '../../support/until.ts';

const scripts = path.resolve(import.meta.dirname, '..', '..', '..', 'scripts');

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'of-'));
  mkdirSync(path.join(clone, 'scripts'));
  for (const name of ['setup-lock.mjs', 'node24.mjs']) copyFileSync(path.join(scripts, name), path.join(clone, 'scripts', name));
});
afterEach(() => rmSync(clone, { recursive: true }));

const lockOf = async () => (await import(path.join(clone, 'scripts', 'setup-lock.mjs'))).withSetupLock;

test('what a process of another host has prepared is left to it, though its number is ours', async () => {
  const theirs = path.join(clone, `.setup-lock.${process.pid}`);
  mkdirSync(theirs);
  const withSetupLock = await lockOf();
  await withSetupLock(async () => {});
  expect(existsSync(theirs)).toBe(true);
});

test.skipIf(process.platform !== 'linux')('a zombie holds no lock', async () => {
  // The shell starts a child that ends at once, and becomes a program that never waits for it.
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  onTestFinished(() => {
    killGroup(parent.pid as number, 'SIGKILL');
  });
  const pid = Number(String((await once(parent.stdout, 'data'))[0]));
  const { startTicks } = await until(() => {
    const stat = processStat(pid);
    return stat?.isZombie ? stat : undefined;
  });
  const lock = path.join(clone, '.setup-lock');
  mkdirSync(lock);
  writeFileSync(path.join(lock, `${hostname()}~${pid}~${startTicks}`), '');

  const withSetupLock = await lockOf();
  expect(await withSetupLock(async () => existsSync(lock))).toBe(true);
  expect(existsSync(lock)).toBe(false);
});
