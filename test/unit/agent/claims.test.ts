// Claims of CPUs among the agents of one user.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimCpus } from '../../../agent/cpus/claims.ts';
import { processIdentity } from '../../../src/system/processes.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'outflow-claims-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** As another live process would have claimed it. */
function claimFor(pid: number, cpu: number): void {
  const { startedAt } = processIdentity(pid)!;
  writeFileSync(path.join(directory, `${cpu}.${pid}.${startedAt.replace(/[^\w-]/g, '_')}`), '');
}

test('free CPUs are claimed, and let go', () => {
  const claims = claimCpus(directory, [0, 1, 2], 2);
  expect(claims?.cpus).toEqual([0, 1]);
  expect(readdirSync(directory)).toHaveLength(2);
  claims?.release();
  expect(readdirSync(directory)).toEqual([]);
});

test('what another live process has is left alone', () => {
  claimFor(process.ppid, 0);
  expect(claimCpus(directory, [0, 1, 2], 2)?.cpus).toEqual([1, 2]);
});

test('with too few free ones nothing is held', () => {
  claimFor(process.ppid, 0);
  expect(claimCpus(directory, [0, 1], 2)).toBe(null);
  expect(readdirSync(directory)).toHaveLength(1);
});

test('the claim of a dead process is removed', async () => {
  const child = spawn('true');
  const { pid } = child;
  writeFileSync(path.join(directory, `0.${pid}.long-ago`), '');
  await new Promise((resolve) => child.once('close', resolve));
  expect(claimCpus(directory, [0], 1)?.cpus).toEqual([0]);
});
