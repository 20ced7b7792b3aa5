// The `sql` tag: users get it as `import { sql } from 'outflow'`. Light: it builds query tokens and knows no connection.
import { createSqlTag } from '@slonik/sql-tag';
import { z } from 'zod';

/**
 * Builds queries for `context.db`; each `${value}` becomes a bound parameter, never text of the query.
 *
 * - `sql.type(schema)`: rows are checked, and transformed, by any Standard Schema (zod) as they are read.
 * - `sql.typeAlias('void')` for statements that give no rows, `'id'` for rows of one integer `id`.
 * - `sql.fragment`, `sql.join`, `sql.array`, `sql.unnest`, `sql.identifier`, `sql.jsonb`, `sql.timestamp` … as in Slonik 49.
 *
 * @example
 * const found = await context.db.maybeOneFirst(
 *   sql.type(z.object({ result: z.number() }))`select result from results where input = ${some_data}`,
 * );
 */
export const sql = createSqlTag({
  typeAliases: {
    /** No rows, or rows that nobody looks at. */
    void: z.object({}).strict(),
    id: z.object({ id: z.number().int() }),
  },
});
