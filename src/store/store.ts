// The store's interface: what the coordinator and the CLI may ask of outflow's own tables.
import type {
  CommitBatch,
  Holder,
  LoadedRun,
  LogQuery,
  RunRecord,
  RunSummary,
  StepSummary,
  StoredLog,
  TakeResult,
  UnitRow,
} from './types.ts';

export interface Store {
  /** Accepts a run: its record and its bundle, in one transaction. */
  createRun(record: RunRecord, bundle: Uint8Array): Promise<void>;

  /**
   * Takes the run's lease: raises the epoch and commits, *then* the caller loads. Refused while another holder's lease has
   * not expired by the database's clock, unless `evenIfHeld` (the caller knows that the holder's process is gone).
   */
  takeRun(run: string, holder: Holder, leaseMs: number, evenIfHeld?: { epoch: number }): Promise<TakeResult>;
  /** False: a higher epoch exists; stop and send nothing. */
  renewLease(run: string, epoch: number, leaseMs: number): Promise<boolean>;
  /** The holder goes; the lease ends at once. */
  releaseLease(run: string, epoch: number): Promise<void>;
  loadRun(run: string, epoch: number): Promise<LoadedRun>;

  /**
   * One transaction that begins by locking the run's row at `epoch`. `fenced`: no such row, nothing was written. May be
   * repeated unchanged after an unclear error: rows that exist already are left alone.
   */
  commit(run: string, epoch: number, batch: CommitBatch): Promise<'committed' | 'fenced'>;

  /** A durable intent; the holder is nudged by other means. False: the run has ended. */
  requestCancel(run: string): Promise<boolean>;
  /** Whether a cancel was asked for (the coordinator polls it as a fallback to the nudge). */
  cancelRequested(run: string): Promise<boolean>;

  /** Outputs of a step's units in index order, page by page, as raw texts; failed units give their failure. */
  unitOutputs(run: string, step: number): AsyncIterable<{ index: number; output: string | null; failure: string | null }[]>;
  unitOutput(run: string, step: number, index: number): Promise<string | null>;

  /** Stores a content-addressed blob from its chunks; a known one is left alone. */
  putBlob(sha256: string, size: number, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  hasBlob(sha256: string): Promise<boolean>;
  /** Chunks in order; error `internal` when the blob is not there. */
  getBlob(sha256: string): AsyncIterable<Uint8Array>;
  /** Of uploads that began more than a day ago: chunks, as many as is said. */
  removeCutOffUploads(): Promise<number>;

  /** Ids are matched by their beginning; `last` is the newest run. Errors `unknown-run`, `ambiguous-run` (names them). */
  findRun(text: string): Promise<RunSummary>;
  listRuns(options: { limit: number }): Promise<RunSummary[]>;
  stepSummaries(run: string): Promise<StepSummary[]>;
  units(run: string, step: number, options: { state?: string; limit: number; after?: number }): Promise<UnitRow[]>;
  logs(query: LogQuery): Promise<StoredLog[]>;

  close(): Promise<void>;
}
