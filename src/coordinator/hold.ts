// Holding a run: takes its lease, serves it to its end, gives the lease back.
import { rmSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Plan } from '../plan/plan.ts';
import { type Connected, connectStore } from '../store/index.ts';
import type { Store } from '../store/store.ts';
import type { CommitBatch, RunRecord } from '../store/types.ts';
import { namesIn, socketPath } from '../system/home.ts';
import { processIdentity } from '../system/processes.ts';
import type { LocalAllocations } from './allocations.ts';
import { Coordinator, type LocalShape } from './coordinator.ts';
import { submitEnvironment } from './environment.ts';
import { logFile } from './log-file.ts';
import type { CoordinatorReply, StartMessage } from './messages.ts';

/** The name of a holder's socket, but for its process number. */
const SOCKET = 'coordinator.sock.';

interface Around {
  runDir: string;
  allocations: LocalAllocations;
  /** An agent that was started before there was a run. */
  early: string | undefined;
  /** To the database of the run, before there was a run. */
  connected: Connected | undefined;
}

/** Resolves with the exit code of the coordinator. */
export async function holdRun(start: StartMessage, around: Around): Promise<number> {
  const log = pino({ base: { pid: process.pid } }, logFile(path.join(around.runDir, 'coordinator.log')));
  let store: Store | undefined;
  try {
    store = await connectStore({ url: start.databaseUrl, connected: around.connected });
    return await hold(store, start, around, log);
  } catch (error) {
    log.error({ err: error }, 'the coordinator failed');
    reply({ kind: 'failed', error: toldAs(error).toJSON() });
    await around.allocations.endAll();
    return 1;
  } finally {
    await store?.close();
  }
}

/** Of earlier holders that were killed. */
function removeDeadSockets(directory: string): void {
  for (const name of namesIn(directory)) {
    if (!name.startsWith(SOCKET)) continue;
    const pid = Number(name.slice(SOCKET.length));
    if (pid === process.pid || processIdentity(pid) === null) rmSync(path.join(directory, name), { force: true });
  }
}

function toldAs(error: unknown): OutflowError {
  if (isOutflowError(error)) return error;
  return new OutflowError('coordinator-failed', `the coordinator failed: ${(error as Error).message}`);
}

async function hold(
  store: Store,
  start: StartMessage,
  { runDir, allocations, early }: Around,
  log: pino.Logger,
): Promise<number> {
  // Each holder has its own: one that was stopped, and wakes up to find another in its place, takes its socket away with it.
  const socket = socketPath(runDir, `${SOCKET}${process.pid}`);
  const address = `unix:${socket}`;
  const taken = await store.takeRun(
    start.run,
    { host: hostname(), pid: process.pid, address },
    LIMITS.runLeaseMs,
    start.evenIfHeldAt === undefined ? undefined : { epoch: start.evenIfHeldAt },
  );
  if (taken.kind === 'held')
    throw new OutflowError('run-is-live', `run ${start.run} is held by pid ${taken.holder.pid} on ${taken.holder.host}`, {
      hint: `outflow status ${start.run}`,
    });
  if (taken.kind === 'ended')
    throw new OutflowError('run-has-ended', `run ${start.run} has ${taken.state}`, { hint: `outflow status ${start.run}` });
  const { epoch } = taken;
  const loaded = await store.loadRun(start.run, epoch);
  removeDeadSockets(path.dirname(socket));
  const coordinator = new Coordinator(
    {
      store,
      loaded,
      address,
      allocations,
      started: early,
      databases: start.databases,
      environment: submitEnvironment(runDir) ?? process.env,
      log: (level, text) => log[level](text),
    },
    shapeOf(loaded.record),
  );
  const keeping = keepLease(store, start.run, epoch, coordinator);
  process.on('SIGTERM', () => coordinator.stop());
  let isServing = false;
  try {
    const end = await coordinator.run(() => {
      isServing = true;
      reply({ kind: 'ready', address, epoch });
    });
    if (typeof end === 'object') {
      log.error({ err: end.gaveUp }, `Postgres was away for too long; go on with: outflow resume ${start.run}`);
      return 1;
    }
    log.info(`the coordinator ends (${end})`);
    clearInterval(keeping);
    if (end !== 'fenced') await store.releaseLease(start.run, epoch);
    if (end === 'ended') await tidy(store, log); // nobody waits any more
    return 0;
  } catch (error) {
    coordinator.stop();
    if (!isServing && epoch === 1) await store.commit(start.run, epoch, neverBegun(loaded.record, toldAs(error).message));
    throw error;
  } finally {
    clearInterval(keeping);
    rmSync(socket, { force: true });
  }
}

/** The end of a run that nobody has served: who submitted is told why, and nobody shall take it for orphaned. */
function neverBegun({ plan }: RunRecord, message: string): CommitBatch {
  const { steps } = (JSON.parse(plan) as Plan).workflow;
  const atMs = Date.now();
  return {
    steps: steps.map((_, step) => ({ step, atMs, total: null, state: 'aborted', outputs: null, failure: null })),
    end: { state: 'failed', failure: { cause: 'agent-lost', message } },
  };
}

/** Slots: `--workers` of a parallel run, else all CPUs. A sequential run has all CPUs, for one unit at a time. */
function shapeOf(record: RunRecord): LocalShape {
  return { slots: record.workers ?? availableParallelism(), maxRunning: record.backend === 'sequential' ? 1 : 0 };
}

/** Renews the lease, and looks for a cancel whose nudge was lost. */
function keepLease(store: Store, run: string, epoch: number, coordinator: Coordinator): NodeJS.Timeout {
  const renew = async (): Promise<void> => {
    const held = await store.renewLease(run, epoch, LIMITS.runLeaseMs);
    if (!held) coordinator.stop();
    else if (await store.cancelRequested(run)) coordinator.enqueue({ kind: 'cancel-requested', now: false });
  };
  return setInterval(() => {
    renew().catch(() => {}); // Postgres is away: the loop sees it, and only a higher epoch ends a holder
  }, LIMITS.runLeaseMs / 3);
}

/** What coordinators that were killed have left in the store. */
async function tidy(store: Store, log: pino.Logger): Promise<void> {
  try {
    const chunks = await store.removeCutOffUploads();
    if (chunks > 0) log.info(`removed ${chunks} chunks of uploads that were cut off`);
  } catch (error) {
    log.warn({ err: error }, 'what was left of uploads that were cut off could not be removed');
  }
}

function reply(message: CoordinatorReply): void {
  if (process.connected) process.send?.(message, () => process.connected && process.disconnect());
}
