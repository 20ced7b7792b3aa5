// What a command and the coordinator it starts say to each other over IPC, before gRPC takes over.
import type { ErrorData } from '../model/errors.ts';

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
