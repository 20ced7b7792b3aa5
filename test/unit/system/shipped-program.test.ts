// What jobs that were killed before their agent began have left on a node's disk goes with the next agent.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeShipped } from '../../../src/system/shipped-program.ts';

let disk: string;
const before = process.env['TMPDIR'];
beforeEach(() => {
  disk = mkdtempSync(path.join(tmpdir(), 'of-disk-'));
  process.env['TMPDIR'] = disk;
});
afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(disk, { recursive: true });
});

const uid = process.getuid?.() ?? 0;
/** Of a process that has ended. */
const { pid: gone } = spawnSync('true');

function put({ user = uid, host = hostname(), pid = gone, ageSeconds = 120 } = {}): string {
  const name = `outflow-${user}.71.${host}.${pid}`;
  writeFileSync(path.join(disk, name), '');
  const at = Date.now() / 1000 - ageSeconds;
  utimesSync(path.join(disk, name), at, at);
  return name;
}

test('what a job has left whose script has ended', () => {
  put();
  put({ host: 'node9.site', ageSeconds: 4_000 });
  removeShipped({});
  expect(readdirSync(disk)).toEqual([]);
});

test('not what is being copied now, nor what is not known to be left, nor what is of others', () => {
  const kept = [
    put({ ageSeconds: 5 }),
    put({ pid: process.pid }),
    put({ host: 'node9' }),
    put({ user: uid + 1, ageSeconds: 4_000 }),
  ];
  mkdirSync(path.join(disk, `outflow-${uid}`));
  writeFileSync(path.join(disk, 'outflow-notes.txt'), '');
  removeShipped({});
  expect(readdirSync(disk).sort()).toEqual([...kept, `outflow-${uid}`, 'outflow-notes.txt'].sort());
});

test('a file that is not what this process runs is not removed, whatever the environment says; units do not see the variable', () => {
  const file = path.join(disk, 'precious');
  writeFileSync(file, '');
  const environment = { OUTFLOW_SHIPPED: file, HOME: '/home/me' };
  removeShipped(environment);
  expect(readdirSync(disk)).toEqual(['precious']);
  expect(environment).toEqual({ HOME: '/home/me' });
});
