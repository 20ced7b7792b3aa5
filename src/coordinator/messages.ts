// What a command and the coordinator it starts say to each other over IPC, before gRPC takes over.
import { allocationId } from '../core/allocations.ts';
import type { ErrorData } from '../model/errors.ts';

/** The allocation of the agent that is started before there is a run: its first holder has epoch 1. */
export const FIRST_ALLOCATION = allocationId(1, 1);

/** May come before `start`: the database to connect to, which may not run yet. */
export interface ConnectMessage {
  kind: 'connect';
  databaseUrl: string;
}

export interface StartMessage {
  kind: 'start';
  run: string;
  /** Postgres of outflow's own tables. */
  databaseUrl: string;
  /** Postgres of the pipeline, for `context.db` (`default`) and `context.databases`. */
  databases: Record<string, string>;
  /** The coordinator's process of this epoch is known to be gone: its lease need not expire. */
  evenIfHeldAt?: number;
}

export type CoordinatorReply = { kind: 'ready'; address: string; epoch: number } | { kind: 'failed'; error: ErrorData };
