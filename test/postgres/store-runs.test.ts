// Runs: accepted, held, cancelled, ended, found by the beginning of their id; leases by the database's clock.
import { expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { acceptRun, testStore } from '../support/postgres.ts';

const opened = testStore();
const HOLDER = { host: 'here', pid: 11, address: 'unix:/a' };
const OTHER = { host: 'there', pid: 22, address: 'unix:/b' };
const LEASE_MS = 60_000;

const change = (statement: string, run: string) => withClient(opened.url, (client) => client.query(statement, [run]));
const ofRun = 'run = (select key from outflow.run where id = $1)';

test('what a run on Slurm was accepted with is read back as it was', async () => {
  const slurm = {
    flag: { partition: 'fast' },
    environment: { exclusive: true as const },
    config: { qos: false as const, comment: 'a\0b "c"' },
    prologue: ['module load gcc'],
    maxAllocations: 3,
    nodesPerAllocation: 2,
    databaseConnections: 16,
    listen: ':7000-7010',
    sharedDir: '/shared',
  };
  const run = await acceptRun(opened.store, { backend: 'slurm', slurm });
  expect((await opened.store.findRun(run)).record.slurm).toEqual(slurm);
  const other = await acceptRun(opened.store);
  expect((await opened.store.findRun(other)).record.slurm).toBeNull();
});

test('a new run is accepted, and orphaned when nobody took it for a minute', async () => {
  const { store } = opened;
  const run = await acceptRun(store);
  expect(await store.findRun(run)).toMatchObject({ state: 'accepted', epoch: 0, holder: null, endedAt: null });
  await change(`update outflow.run set created_at = now() - interval '2 minutes' where id = $1`, run);
  expect(await store.findRun(run)).toMatchObject({ state: 'orphaned', holder: null });
});

test('accepting a run twice leaves it as it was', async () => {
  const { store } = opened;
  const run = await acceptRun(store, { command: 'first' });
  await acceptRun(store, { id: run, command: 'second' });
  expect((await store.findRun(run)).record.command).toBe('first');
});

test('a held lease is refused to others until it expires, is given back, or its holder is known to be gone', async () => {
  const { store } = opened;
  const run = await acceptRun(store);
  expect(await store.takeRun(run, HOLDER, LEASE_MS)).toEqual({ kind: 'taken', epoch: 1 });
  expect(await store.findRun(run)).toMatchObject({ state: 'running', holder: HOLDER, epoch: 1 });

  const held = await store.takeRun(run, OTHER, LEASE_MS);
  expect(held).toMatchObject({ kind: 'held', holder: HOLDER, epoch: 1 });
  if (held.kind === 'held') expect(held.expiresInMs).toBeGreaterThan(50_000);
  expect(await store.takeRun(run, OTHER, LEASE_MS, { epoch: 0 })).toMatchObject({ kind: 'held' });
  expect(await store.takeRun(run, OTHER, LEASE_MS, { epoch: 1 })).toEqual({ kind: 'taken', epoch: 2 });

  await change(`update outflow.run_lease set expires_at = now() - interval '1 second' where ${ofRun}`, run);
  expect(await store.findRun(run)).toMatchObject({ state: 'orphaned', holder: OTHER });
  expect(await store.renewLease(run, 2, LEASE_MS)).toBe(true);
  expect((await store.findRun(run)).state).toBe('running');

  await store.releaseLease(run, 2);
  expect(await store.findRun(run)).toMatchObject({ state: 'orphaned', holder: null });
  expect(await store.takeRun(run, HOLDER, LEASE_MS)).toEqual({ kind: 'taken', epoch: 3 });
});

test('of many who want an orphaned run, one gets it', async () => {
  const { store } = opened;
  const run = await acceptRun(store);
  const results = await Promise.all(Array.from({ length: 12 }, () => store.takeRun(run, HOLDER, LEASE_MS)));
  expect(results.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
});

test('a cancel is kept until the run has ended; after that it is refused', async () => {
  const { store } = opened;
  const run = await acceptRun(store);
  await store.takeRun(run, HOLDER, LEASE_MS);
  expect(await store.cancelRequested(run)).toBe(false);
  expect(await store.requestCancel(run)).toBe(true);
  expect(await store.requestCancel(run)).toBe(true);
  expect(await store.cancelRequested(run)).toBe(true);
  expect((await store.findRun(run)).state).toBe('cancelling');
  expect((await store.loadRun(run, 1)).cancelRequested).toBe(true);

  await store.commit(run, 1, { commitId: 1, end: { state: 'cancelled', failure: null } });
  expect(await store.requestCancel(run)).toBe(false);
  const ended = await store.findRun(run);
  expect(ended).toMatchObject({ state: 'cancelled', holder: null });
  expect(ended.endedAt).toBeInstanceOf(Date);
  expect(await store.takeRun(run, OTHER, LEASE_MS)).toEqual({ kind: 'ended', state: 'cancelled' });
});

test('a run is found by any unambiguous beginning of its id, or as the last', async () => {
  const { store } = opened;
  await acceptRun(store, { id: 'zzaa1111' });
  await acceptRun(store, { id: 'zzab2222' });
  await acceptRun(store, { id: 'zzab' });
  expect((await store.findRun('zzaa')).record.id).toBe('zzaa1111');
  expect((await store.findRun('ZZAB2')).record.id).toBe('zzab2222');
  expect((await store.findRun('zzab')).record.id).toBe('zzab'); // a whole id
  expect((await store.findRun('last')).record.id).toBe('zzab');
  await expect(store.findRun('zza')).rejects.toMatchObject({
    code: 'ambiguous-run',
    message: expect.stringMatching(/zzab, zzab2222, zzaa1111/),
  });
  await expect(store.findRun('nosuch')).rejects.toMatchObject({
    code: 'unknown-run',
    hint: expect.stringMatching(/outflow runs/),
  });
  await expect(store.findRun('')).rejects.toMatchObject({ code: 'unknown-run' });
  await expect(store.findRun('z%')).rejects.toMatchObject({ code: 'unknown-run' });
  await expect(store.logs({ run: 'nosuch', limit: 1 })).rejects.toMatchObject({ code: 'unknown-run' });
  expect((await store.listRuns({ limit: 2 })).map(({ record }) => record.id)).toEqual(['zzab', 'zzab2222']);
});

test('a record comes back as it was given', async () => {
  const { store } = opened;
  const createdAt = new Date('2026-01-02T03:04:05.678Z');
  const changes = { createdAt, workers: 6, args: '{"x":"é"}', plan: '{"steps":[]}', workdir: '/a b/ç' };
  const run = await acceptRun(store, changes);
  expect((await store.findRun(run)).record).toMatchObject({ id: run, ...changes });
});
