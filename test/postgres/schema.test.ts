// outflow's own tables: made once however many begin at the same time, refused when they are not whole, newer or too old.

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { openPool } from '../../src/db/pool.ts';
import { withDatabase } from '../../src/db/url.ts';
import { connectStore } from '../../src/store/index.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { migrateSchema, schemaState } from '../../src/store/schema-state.ts';
import { dumpSchema } from '../support/dump-schema.ts';
import { acceptRun, runProgram, testDatabase } from '../support/postgres.ts';

const database = testDatabase();
let url: string;

beforeEach(async () => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  url = withDatabase(database.url, name);
  await withClient(database.url, (client) => client.query(`create database ${name}`));
});
afterEach(async () => {
  const name = new URL(url).pathname.slice(1);
  await withClient(database.url, (client) => client.query(`drop database ${name} with (force)`));
});

const query = (statement: string) => withClient(url, (client) => client.query(statement));
const migrated = async () => (await connectStore({ url, migrate: true })).close();

test('the schema that the migrations make is the one in src/store/schema.sql', async () => {
  await migrated();
  const file = path.resolve(import.meta.dirname, '..', '..', 'src', 'store', 'schema.sql');
  await expect(await withClient(url, dumpSchema)).toMatchFileSnapshot(file);
});

test('twenty processes at once migrate an empty database: all succeed, each file runs once', { timeout: 180_000 }, async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => runProgram('migrate-store', url)));
  expect(answers).toEqual(Array.from({ length: 20 }, () => ({ ok: 'migrated' })));
  const { rows } = await query('select name from outflow.migration');
  expect(rows).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
});

test('commands that read find no runs in an empty database, and make nothing there', async () => {
  const store = await connectStore({ url });
  expect(await store.listRuns({ limit: 5 })).toEqual([]);
  await expect(store.findRun('last')).rejects.toMatchObject({ code: 'unknown-run' });
  await store.close();
  const { rows } = await query(`select to_regnamespace('outflow') as found`);
  expect(rows).toEqual([{ found: null }]);
});

test('tables of a newer outflow are refused, by name of what is not known', async () => {
  await migrated();
  await query(`insert into outflow.migration values ('9999_of_tomorrow.sql', 'x')`);
  for (const migrate of [true, false]) {
    await expect(connectStore({ url, migrate })).rejects.toMatchObject({
      code: 'database-newer',
      message: expect.stringContaining('9999_of_tomorrow.sql'),
    });
  }
});

test('tables without their record, a record without its tables, and a changed file are half-migrated', async () => {
  await migrated();
  await query('create table saved as select * from outflow.migration');
  await query('delete from outflow.migration');
  for (const migrate of [true, false])
    await expect(connectStore({ url, migrate })).rejects.toMatchObject({ code: 'database-half-migrated' });

  await query(`insert into outflow.migration select * from saved; update outflow.migration set checksum = 'other'`);
  await expect(connectStore({ url })).rejects.toMatchObject({
    code: 'database-half-migrated',
    message: expect.stringMatching(/changed after it ran/),
  });

  await query(
    'update outflow.migration set checksum = saved.checksum from saved where saved.name = migration.name; drop table outflow.run cascade',
  );
  await expect(connectStore({ url, migrate: true })).rejects.toMatchObject({
    code: 'database-half-migrated',
    message: expect.stringMatching(/missing/),
  });
});

test('a migration that meets tables which are not as recorded is half-migrated too, and changes nothing', async () => {
  await migrated();
  const more = [
    ...MIGRATIONS,
    { name: '0002_more.sql', sql: 'create table outflow.extra (x int);\ncreate table outflow.run (x int);' },
  ];
  await expect(migrateSchema(url, more)).rejects.toMatchObject({
    code: 'database-half-migrated',
    message: expect.stringMatching(/0002_more.sql/),
  });
  const { rows } = await query(`select to_regclass('outflow.extra') as found`);
  expect(rows).toEqual([{ found: null }]);
});

test('tables of an older outflow are brought up to date, in order', async () => {
  await migrated();
  const pool = await openPool(url);
  const more = [...MIGRATIONS, { name: '0002_more.sql', sql: 'create table outflow.more (x int)' }];
  expect(await schemaState(pool, more)).toBe('older');
  expect(await migrateSchema(url, more)).toEqual(['0002_more.sql']);
  expect(await schemaState(pool, more)).toBe('current');
  expect(await migrateSchema(url, more)).toEqual([]);
  await pool.end();
});

test('a breaking migration refuses while a run is held, and names it', async () => {
  const store = await connectStore({ url, migrate: true });
  const run = await acceptRun(store);
  await store.takeRun(run, { host: 'h', pid: 1, address: 'a' }, 60_000);
  const breaking = [
    ...MIGRATIONS,
    { name: '0002_breaking.sql', sql: '-- breaking\nalter table outflow.run add column extra int;' },
  ];
  await expect(migrateSchema(url, breaking)).rejects.toMatchObject({
    code: 'database-in-use',
    message: expect.stringContaining(run),
  });
  await store.releaseLease(run, 1);
  expect(await migrateSchema(url, breaking)).toEqual(['0002_breaking.sql']);
  await store.close();
});

test('a server older than PostgreSQL 14 is refused', async () => {
  const pool = await openPool(url);
  // No such server is at hand: its one answer is given instead.
  const old = {
    ...pool,
    one: async () => ({ version: 130_004 }),
  } as unknown as typeof pool;
  await expect(schemaState(old)).rejects.toMatchObject({
    code: 'database-too-old',
    message: expect.stringMatching(/PostgreSQL 13/),
  });
  await pool.end();
});

test('the views for people show runs and units with their values as jsonb', async () => {
  const store = await connectStore({ url, migrate: true });
  const run = await acceptRun(store);
  await store.takeRun(run, { host: 'h', pid: 1, address: 'a' }, 60_000);
  const two = <T>(a: T, b: T) => [a, b];
  await store.commit(run, 1, {
    commitId: 1,
    units: [
      {
        step: 0,
        state: 'succeeded',
        agent: 'a1',
        index: [0, 1],
        attempt: two(1, 1),
        startedAtMs: two(0, 0),
        durationMs: two(1, 1),
        output: two('{"x":[1]}', '"\\u0000"'),
        failure: two(null, null),
      },
    ],
  });
  const { rows } = await query(`select step, index, state, agent, output from outflow.units order by index`);
  expect(rows).toEqual([
    { step: 0, index: 0, state: 'succeeded', agent: 'a1', output: { x: [1] } },
    { step: 0, index: 1, state: 'succeeded', agent: 'a1', output: null },
  ]);
  expect((await query('select id, state from outflow.runs')).rows).toEqual([{ id: run, state: 'running' }]);
  await store.close();
});
