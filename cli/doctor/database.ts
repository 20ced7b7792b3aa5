// The Postgres that outflow's tables are in: the embedded one starts, or the named one answers, is new enough and lets us make tables.
import { formatDuration } from '../../src/base/duration.ts';
import { withClient } from '../../src/db/client.ts';
import { displayUrl } from '../../src/db/url.ts';
import { ensureServer } from '../../src/store/embedded/server.ts';
import { connectStore } from '../../src/store/index.ts';
import { clockFinding } from './clock.ts';
import { type Finding, missingBy, ok, warning } from './finding.ts';

/** `named`: OUTFLOW_DATABASE_URL or the configuration's; undefined: the embedded server, which is started. */
export async function databaseFindings(named: string | undefined, idleMs: number | undefined): Promise<Finding[]> {
  try {
    const { url, how } = named === undefined ? await embedded(idleMs) : { url: named, how: displayUrl(named) };
    const facts = await factsOf(url);
    const store = await connectStore({ url }); // what is wrong with the tables is its error
    await store.close();
    const found = ok('postgres', `${facts.version}, ${how}`);
    if (named === undefined) return [found];
    return [found, ...rightsFindings(facts), clockFinding(facts.aheadMs, "the database's")];
  } catch (error) {
    return [missingBy('postgres', error)];
  }
}

async function embedded(idleMs: number | undefined): Promise<{ url: string; how: string }> {
  const startedAt = performance.now();
  const { url, started } = await ensureServer(idleMs === undefined ? {} : { idleMs });
  const took = formatDuration(performance.now() - startedAt);
  return { url, how: started ? `embedded, started in ${took}` : 'embedded, running' };
}

interface Facts {
  version: string;
  mayMakeTables: boolean;
  mayMakeDatabases: boolean;
  /** Our clock less the database's. */
  aheadMs: number;
}

function factsOf(url: string): Promise<Facts> {
  return withClient(url, async (client) => {
    await client.query('select 1'); // the first takes longer
    const before = Date.now();
    const { rows } = await client.query(`select
      current_setting('server_version') as version,
      has_database_privilege(current_database(), 'create') as tables,
      (select rolcreatedb or rolsuper from pg_roles where rolname = current_user) as databases,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms`);
    const [row] = rows as [{ version: string; tables: boolean; databases: boolean; now_ms: number }];
    const version = `PostgreSQL ${row.version.split(' ')[0]}`;
    const aheadMs = (before + Date.now()) / 2 - row.now_ms;
    return { version, mayMakeTables: row.tables, mayMakeDatabases: row.databases, aheadMs };
  });
}

function rightsFindings({ mayMakeTables, mayMakeDatabases }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (!mayMakeTables) {
    const advice =
      'have the schema made (`create schema outflow authorization ROLE`), or the role granted `create` on the database';
    findings.push(warning('schema', 'this role may not make one in the database', advice));
  }
  if (!mayMakeDatabases) {
    const advice = '`alter role ROLE createdb`, or name a database under `databases` in the configuration';
    findings.push(warning('databases', 'this role may not make any: a pipeline’s `context.db` is one of its own', advice));
  }
  return findings;
}
