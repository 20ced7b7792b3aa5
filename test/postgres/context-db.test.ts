// `context.db`: connected at the first use, rows checked by their schema, plain types, the database made when it is missing.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { withClient } from '../../src/db/client.ts';
import { type LazyDatabase, lazyDatabase } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { withDatabase } from '../../src/db/url.ts';
import { testDatabase } from '../support/postgres.ts';

const database = testDatabase();
const name = `p_lazy_${randomBytes(4).toString('hex')}`;
let db: LazyDatabase;
let asked = 0;

beforeAll(() => {
  db = lazyDatabase(async () => {
    asked++;
    return withDatabase(database.url, name);
  });
});
afterAll(async () => {
  await db.close();
  await withClient(database.url, (client) => client.query(`drop database if exists ${name} with (force)`));
});

test('nothing is connected before the first query; then the missing database is made, once', async () => {
  expect(asked).toBe(0);
  const values = await Promise.all(
    Array.from({ length: 5 }, (_, i) => db.oneFirst(sql.type(z.object({ x: z.int() }))`select ${i}::int4 as x`)),
  );
  expect(values).toEqual([0, 1, 2, 3, 4]);
  expect(asked).toBe(1);
});

test('rows are checked and transformed by their schema', async () => {
  const row = await db.one(sql.type(z.object({ x: z.string().transform(Number) }))`select '7' as x, 'dropped' as y`);
  expect(row).toEqual({ x: 7 });
  await expect(db.one(sql.type(z.object({ x: z.string() }))`select 1 as x`)).rejects.toThrow(/not conform/);
});

test('plain types: numbers, dates, text; a bigint that is not safe is refused', async () => {
  const row =
    await db.one(sql.unsafe`select 9007199254740991 as big, 1.5::numeric as n, '2026-01-02 03:04:05+00'::timestamptz as t,
    '2026-01-02 03:04:05'::timestamp as local, '2026-01-02'::date as day, array[1,2]::int8[] as list, '{"a":1}'::jsonb as json`);
  expect(row).toEqual({
    big: Number.MAX_SAFE_INTEGER,
    n: 1.5,
    t: new Date('2026-01-02T03:04:05Z'),
    local: new Date('2026-01-02T03:04:05Z'),
    day: '2026-01-02',
    list: [1, 2],
    json: { a: 1 },
  });
  await expect(db.one(sql.unsafe`select 9007199254740993 as big`)).rejects.toThrow(/does not fit into a number/);
});

test('transactions are all or nothing; every method of a pool is there', async () => {
  await db.query(sql.typeAlias('void')`create table t (x int primary key)`);
  const attempt = db.transaction(async (t) => {
    await t.query(sql.typeAlias('void')`insert into t values (1)`);
    throw new Error('no');
  });
  await expect(attempt).rejects.toThrow('no');
  expect(await db.exists(sql.typeAlias('void')`select from t`)).toBe(false);
  await db.query(sql.typeAlias('void')`insert into t select * from ${sql.unnest([[1], [2]], ['int4'])} on conflict do nothing`);
  const x = sql.type(z.object({ x: z.int() }))`select x from t order by x`;
  expect(await db.any(x)).toEqual([{ x: 1 }, { x: 2 }]);
  expect(await db.many(x)).toHaveLength(2);
  expect(await db.anyFirst(x)).toEqual([1, 2]);
  expect(await db.manyFirst(x)).toEqual([1, 2]);
  const none = sql.type(z.object({ x: z.int() }))`select x from t where false`;
  expect(await db.maybeOne(none)).toBeNull();
  expect(await db.maybeOneFirst(none)).toBeNull();
  expect(
    await db.connect((connection) => connection.oneFirst(sql.type(z.object({ n: z.int() }))`select count(*)::int4 as n from t`)),
  ).toBe(2);
  const streamed: unknown[] = [];
  await db.stream(x, (stream) => stream.on('data', ({ data }) => streamed.push(data)));
  expect(streamed).toEqual([{ x: 1 }, { x: 2 }]);
});

test('closed, it can be used again; what cannot be reached says so, each time', async () => {
  await db.close();
  expect(await db.oneFirst(sql.type(z.object({ x: z.int() }))`select 1 as x`)).toBe(1);
  const nowhere = lazyDatabase(() => 'postgresql://me:secret@127.0.0.1:1/x');
  for (let i = 0; i < 2; i++) {
    await expect(nowhere.query(sql.typeAlias('void')`select`)).rejects.toMatchObject({ code: 'database-unreachable' });
  }
  await nowhere.close();
});
