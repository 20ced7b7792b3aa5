// The store on a pool: keys of runs and agents remembered, commits of a run one after another, errors told as database errors.
import type { DatabasePool } from 'slonik';
import { databaseError, errorCode, isUnreachable } from '../db/errors.ts';
import { isOutflowError } from '../model/errors.ts';
import { agentKeys } from './queries/agent-keys.ts';
import { getBlob, hasBlob, putBlob, removeCutOffUploads } from './queries/blobs.ts';
import { cancelRequested, requestCancel } from './queries/cancel.ts';
import { commitBatch, readFence } from './queries/commit.ts';
import { createRun } from './queries/create-run.ts';
import { findRun, listRuns, runKey } from './queries/find-runs.ts';
import { releaseLease, renewLease, takeLease } from './queries/lease.ts';
import { loadRun } from './queries/load-run.ts';
import { readLogs } from './queries/logs.ts';
import { unitOutput, unitOutputs } from './queries/outputs.ts';
import { listUnits, stepSummaries } from './queries/units.ts';
import type { Store } from './store.ts';
import type { CommitBatch } from './types.ts';

const UNIQUE_VIOLATION = '23505';

export interface PostgresStoreOptions {
  pool: DatabasePool;
  url: string;
  /**
   * Called when the server cannot be reached, before the error is thrown: the embedded one is started again. If it throws a
   * `database-*` error (the disk is full), that one is thrown instead.
   */
  recover?: () => Promise<void>;
}

const isDatabaseError = (error: unknown) => isOutflowError(error) && error.code.startsWith('database-');

export function postgresStore({ pool, url, recover }: PostgresStoreOptions): Store {
  const runKeys = new Map<string, number>();
  const keysOfAgents = new Map<string, number>();
  const lastCommits = new Map<string, Promise<unknown>>();

  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const reason = isUnreachable(error) ? await recover?.().catch((whyNot) => whyNot) : undefined;
      throw databaseError(isDatabaseError(reason) ? reason : error, url);
    }
  };
  async function* askAll<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = pages[Symbol.asyncIterator]();
    for (let next = await ask(() => iterator.next()); !next.done; next = await ask(() => iterator.next())) yield next.value;
  }

  const keyOf = async (run: string): Promise<number> => {
    const known = runKeys.get(run);
    if (known !== undefined) return known;
    const key = await runKey(pool, run);
    runKeys.set(run, key);
    return key;
  };

  const agentsOf = async (run: number, batch: CommitBatch): Promise<ReadonlyMap<string, number>> => {
    const named = new Set<string>();
    for (const { agent } of batch.units ?? []) if (agent !== null) named.add(agent);
    for (const { agent } of batch.attempts ?? []) named.add(agent);
    const known = new Map<string, number>();
    const unknown: string[] = [];
    for (const id of named) {
      const key = keysOfAgents.get(`${run} ${id}`);
      if (key === undefined) unknown.push(id);
      else known.set(id, key);
    }
    if (unknown.length === 0) return known;
    for (const [id, key] of await agentKeys(pool, run, unknown)) {
      keysOfAgents.set(`${run} ${id}`, key);
      known.set(id, key);
    }
    return known;
  };

  const commit = async (id: string, epoch: number, batch: CommitBatch): Promise<'committed' | 'fenced'> => {
    const run = await keyOf(id);
    const target = { run, epoch, agentKeys: await agentsOf(run, batch) };
    const outcome = await commitBatch(pool, { ...target, onConflict: 'raise' }, batch).catch((error) => {
      if (errorCode(error) !== UNIQUE_VIOLATION) throw error;
      // A unit that had settled before: what was stored first stands.
      return commitBatch(pool, { ...target, onConflict: 'skip' }, batch);
    });
    if (outcome === 'committed') return 'committed';
    return (await readFence(pool, run, epoch)) === 'repeated' ? 'committed' : 'fenced';
  };

  return {
    createRun: (record, bundle) =>
      ask(async () => {
        await putBlob(pool, record.bundleHash, bundle.length, [bundle]);
        const key = await createRun(pool, record);
        if (key !== null) runKeys.set(record.id, key);
      }),
    takeRun: (run, holder, leaseMs, evenIfHeld) =>
      ask(async () => await takeLease(pool, await keyOf(run), holder, leaseMs, evenIfHeld)),
    renewLease: (run, epoch, leaseMs) => ask(async () => await renewLease(pool, await keyOf(run), epoch, leaseMs)),
    releaseLease: (run, epoch) => ask(async () => await releaseLease(pool, await keyOf(run), epoch)),
    loadRun: (run, epoch) => ask(async () => await loadRun(pool, await keyOf(run), epoch)),
    commit: (run, epoch, batch) => {
      // In the order of the calls: a batch that overtook another would make that one look like a repeated one.
      const before = lastCommits.get(run) ?? Promise.resolve();
      const mine = before.then(
        () => ask(() => commit(run, epoch, batch)),
        () => ask(() => commit(run, epoch, batch)),
      );
      lastCommits.set(run, mine);
      return mine;
    },
    requestCancel: (run) => ask(async () => await requestCancel(pool, await keyOf(run))),
    cancelRequested: (run) => ask(async () => await cancelRequested(pool, await keyOf(run))),
    unitOutputs: (run, step) => askAll(outputsOf(run, step)),
    unitOutput: (run, step, index) => ask(async () => await unitOutput(pool, await keyOf(run), step, index)),
    putBlob: (sha256, size, chunks) => ask(() => putBlob(pool, sha256, size, chunks)),
    hasBlob: (sha256) => ask(() => hasBlob(pool, sha256)),
    getBlob: (sha256) => askAll(getBlob(pool, sha256)),
    removeCutOffUploads: () => ask(() => removeCutOffUploads(pool)),
    findRun: (text) => ask(() => findRun(pool, text)),
    listRuns: ({ limit }) => ask(() => listRuns(pool, limit)),
    stepSummaries: (run) => ask(async () => await stepSummaries(pool, await keyOf(run))),
    units: (run, step, options) => ask(async () => await listUnits(pool, await keyOf(run), step, options)),
    logs: ({ run, ...query }) => ask(async () => await readLogs(pool, await keyOf(run), query)),
    close: () => pool.end(),
  };

  async function* outputsOf(run: string, step: number) {
    yield* unitOutputs(pool, await keyOf(run), step);
  }
}
