// The schema `outflow` as SQL for review, from the catalog: no pg_dump comes with the embedded server.
import type { Client } from '../../src/db/client.ts';

/** Tables with their columns and constraints, then indexes, functions and views, each by name. */
export async function dumpSchema(client: Client): Promise<string> {
  const many = async (query: string) => (await client.query(query)).rows.map((row) => row.line as string);
  await client.query(`set search_path = ''`);
  const tables = await client.query(`
    select c.oid::int as oid, c.relname as name, array_to_string(c.reloptions, ', ') as options
      from pg_catalog.pg_class c where c.relnamespace = 'outflow'::regnamespace and c.relkind = 'r' order by 2`);
  const parts: string[] = ['-- What the migrations make, for review. Written by the tests (vitest -u); never run.'];
  for (const { oid, name, options } of tables.rows) {
    const columns = await many(`
      select format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
             || case when a.attidentity = 'a' then ' generated always as identity' else '' end
             || case when a.attnotnull then ' not null' else '' end
             || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
             || case when a.attstorage <> t.typstorage then ' storage ' || a.attstorage::text else '' end as line
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped order by a.attnum`);
    const constraints = await many(`
      select format('  constraint %I %s', conname, pg_get_constraintdef(oid)) as line
        from pg_catalog.pg_constraint where conrelid = ${oid} and contype <> 'n' order by contype desc, conname`);
    parts.push(
      `create table outflow.${name} (\n${[...columns, ...constraints].join(',\n')}\n)${options ? ` with (${options})` : ''};`,
    );
  }
  const indexes = await many(`
    select pg_get_indexdef(i.indexrelid) || ';' as line
      from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
     where c.relnamespace = 'outflow'::regnamespace
       and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
     order by c.relname`);
  const functions = await many(`
    select pg_get_functiondef(oid) || ';' as line from pg_catalog.pg_proc where pronamespace = 'outflow'::regnamespace order by proname`);
  const views = await many(`
    select format(E'create view outflow.%I as\\n%s', relname, pg_get_viewdef(oid, true)) as line
      from pg_catalog.pg_class where relnamespace = 'outflow'::regnamespace and relkind = 'v' order by relname`);
  return `${[...parts, indexes.join('\n'), ...functions, ...views].join('\n\n')}\n`;
}
