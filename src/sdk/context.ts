// What a task is given besides its inputs: arguments, log, resources, databases and its own address.
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Writes lines into the run's log (`outflow logs RUN`). Logging never blocks a task. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Plain data that goes with a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What a running task knows: the second argument of its `run`.
 *
 * @example
 * ```ts
 * run: async ({ path }, { args, log, signal }) => {
 *   log.info('reading', { path, depth: args.depth });
 *   return readAll(path, { signal });
 * }
 * ```
 */
export interface Context<Args = object> {
  /** The command's arguments that the task declared in `args`, as their schemas give them. */
  readonly args: Args;
  readonly log: Logger;
  /** CPUs granted to the unit: `cpusPerTask` of the map around it, clamped to the machine on local backends. */
  readonly cpus: number;
  /** Aborted when the unit is cancelled or the task's `timeout` has passed. */
  readonly signal: AbortSignal;
  /** The pipeline's own Postgres database. What a task writes there is its own to make idempotent. */
  readonly db: Database;
  /** The databases that the configuration names under `databases`. */
  readonly databases: Readonly<Record<string, Database>>;
  /** Id of the run. */
  readonly run: string;
  /** Id of the task's step: `Compute`, `map_output/Compute-2`. */
  readonly step: string;
  /** Index of the map's element that the unit computes; 0 outside of maps. */
  readonly index: number;
  /** Number of this try of the unit, from 1. */
  readonly attempt: number;
  /** Absolute path of the directory in which `outflow` was called; the unit's working directory. */
  readonly workdir: string;
}

/** A query as `sql.type(schema)` and `sql.unsafe` make it: text, values, and the schema of a row. */
export interface Query<Row extends StandardSchemaV1 = StandardSchemaV1> {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly parser: Row;
}

type RowOf<Row extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Row>;
// Written as Slonik writes it: only so is its pool assignable to `Database`.
type FirstOf<Row extends StandardSchemaV1> =
  StandardSchemaV1.InferOutput<Row> extends Record<string, unknown>
    ? StandardSchemaV1.InferOutput<Row>[keyof StandardSchemaV1.InferOutput<Row>]
    : unknown;

/** The query methods of a [Slonik](https://github.com/gajus/slonik) pool. Rows are checked by the query's schema. */
export interface QueryMethods {
  /** All rows, perhaps none. */
  any<Row extends StandardSchemaV1>(query: Query<Row>): Promise<readonly RowOf<Row>[]>;
  /** The first column of all rows, perhaps none. */
  anyFirst<Row extends StandardSchemaV1>(query: Query<Row>): Promise<readonly FirstOf<Row>[]>;
  /** All rows; rejects if there is none. */
  many<Row extends StandardSchemaV1>(query: Query<Row>): Promise<readonly RowOf<Row>[]>;
  /** The first column of all rows; rejects if there is none. */
  manyFirst<Row extends StandardSchemaV1>(query: Query<Row>): Promise<readonly FirstOf<Row>[]>;
  /** The only row; rejects if there is none or more than one. */
  one<Row extends StandardSchemaV1>(query: Query<Row>): Promise<RowOf<Row>>;
  /** The first column of the only row; rejects if there is none or more than one. */
  oneFirst<Row extends StandardSchemaV1>(query: Query<Row>): Promise<FirstOf<Row>>;
  /** The only row or null; rejects if there is more than one. */
  maybeOne<Row extends StandardSchemaV1>(query: Query<Row>): Promise<RowOf<Row> | null>;
  /** The first column of the only row, or null; rejects if there is more than one row. */
  maybeOneFirst<Row extends StandardSchemaV1>(query: Query<Row>): Promise<FirstOf<Row> | null>;
  /** Whether there is a row. */
  exists<Row extends StandardSchemaV1>(query: Query<Row>): Promise<boolean>;
  /** Rows and their number, of any statement. */
  query<Row extends StandardSchemaV1>(
    query: Query<Row>,
  ): Promise<{ readonly rows: readonly RowOf<Row>[]; readonly rowCount: number }>;
  /** Runs `routine` in one transaction: committed when it resolves, rolled back when it rejects. */
  transaction<T>(routine: (connection: QueryMethods) => Promise<T>): Promise<T>;
}

/**
 * A task's view of a Postgres database: a Slonik pool, without the means to close it.
 *
 * @example
 * ```ts
 * const row = await context.db.maybeOne(sql.type(z.object({ result: z.number() }))`
 *   select result from computations where input = ${input}`);
 * ```
 */
export interface Database extends QueryMethods {
  /** Runs `routine` on one connection of the pool. */
  connect<T>(routine: (connection: QueryMethods) => Promise<T>): Promise<T>;
}
