// A run that is held on another host of the same files: reached by its control file, else the host is named.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dialHolder } from '../../../cli/watch/dial-holder.ts';
import type { RunSummary } from '../../../src/store/types.ts';
import type { World } from '../../support/outflow.ts';
import { type SecureRun, startSecureRun } from '../rpc/secure-run.ts';
import { makeExecWorld, startWaiting, type WaitingRun } from './waiting-run.ts';

describe('a holder on another host', () => {
  let directory: string;
  let held: SecureRun;
  let summary: RunSummary;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'outflow-control-'));
    held = await startSecureRun();
    const record = { id: '7k2m0000', runDir: directory, slurm: null };
    const holder = { host: 'login7', pid: 1, address: 'unix:/nowhere' };
    summary = { record, holder, state: 'running', endedAt: null, epoch: 1 } as unknown as RunSummary;
  });

  afterEach(async () => {
    await held.close();
    rmSync(directory, { recursive: true });
  });

  const write = (content: object, mode = 0o600): void => {
    const file = path.join(directory, 'control.json');
    writeFileSync(file, JSON.stringify(content));
    chmodSync(file, mode);
  };
  const good = (): object => ({ addresses: ['127.0.0.1:9', held.address], run: '7k2m0000', tls: held.control });

  test('is dialled by the control file, at whichever address answers', async () => {
    write(good());
    const client = await dialHolder(summary);
    expect(await client.agents()).toEqual([]);
    expect(held.reached).toEqual(['agents']);
    client.close();
  });

  test.each([
    ['is missing', () => {}],
    ['others can read', () => write(good(), 0o644)],
    ['is another run’s', () => write({ ...good(), run: 'another0' })],
    ['is broken', () => write({ addresses: [] })],
  ])('is named when the control file %s', async (_which, prepare) => {
    prepare();
    await expect(dialHolder(summary)).rejects.toMatchObject({
      code: 'wrong-host',
      message: 'run 7k2m0000 is coordinated on login7',
      hint: 'log in on login7, and repeat the command there',
    });
  });

  test('is named when nobody answers, or another coordinator does', async () => {
    write({ ...good(), addresses: ['127.0.0.1:9'] });
    await expect(dialHolder(summary)).rejects.toThrow(/on login7; .*\n {2}127\.0\.0\.1:9: nobody listens there/);
    const other = await startSecureRun();
    write({ ...good(), tls: other.control });
    await expect(dialHolder(summary)).rejects.toThrow(/on login7; /);
    await other.close();
  });
});

describe.skipIf(process.getuid?.() !== 0)('from a host of another name', () => {
  let world: World;
  let waiting: WaitingRun;

  beforeAll(async () => {
    world = makeExecWorld();
    waiting = await startWaiting(world);
  });

  afterAll(async () => {
    await world.run(['cancel', 'last', '--now']);
    await world.end();
  });

  const elsewhere = (...args: string[]) =>
    execa('unshare', ['--uts', 'sh', '-c', 'hostname login2; exec "$@"', 'sh', ...world.words(...args)], {
      cwd: world.dir,
      env: world.env,
      reject: false,
    });

  test.each([['exec'], ['agents'], ['drain']])('%s of a local run names the host to go to', async (command) => {
    const args = { exec: [`${waiting.run}/Wait/0`], agents: [], drain: ['any'] }[command] as string[];
    const { stderr, exitCode } = await elsewhere(command, ...args);
    expect(stderr).toMatch(/^error: run \w{8} is coordinated on \S+\n {2}log in on \S+, and repeat the command there$/);
    expect(exitCode).toBe(6);
  });

  test('status shows it as running, and cancel ends it by the store', async () => {
    expect((await elsewhere('status', waiting.run)).stdout).toContain('running');
    const { stdout, exitCode } = await elsewhere('cancel', waiting.run);
    expect(stdout).toContain('was cancelled');
    expect(exitCode).toBe(0);
  });
});
