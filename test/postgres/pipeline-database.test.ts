// A pipeline's own database: its migrations run once, in order, with errors that name file and line.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { migratePipeline } from '../../src/db/pipeline-database.ts';
import { withDatabase } from '../../src/db/url.ts';
import { runProgram, testDatabase } from '../support/postgres.ts';

const database = testDatabase();
let directory: string;
let name: string;
let url: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'outflow migrations '));
  name = `p_test_${randomBytes(4).toString('hex')}`;
  url = withDatabase(database.url, name);
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await withClient(database.url, (client) => client.query(`drop database if exists ${name} with (force)`));
});

const write = (file: string, text: string) => writeFileSync(path.join(directory, file), text);
const migrate = () => migratePipeline(url, directory);
const rowsOf = async (statement: string) => (await withClient(url, (client) => client.query(statement))).rows;

test('files run once, in the order of their numbers, in a database that is made for them', async () => {
  write('2_more.sql', 'insert into result values (2);\ninsert into result values (3);');
  write('1_result.sql', 'create table result (x int primary key);');
  write('10_last.sql', 'insert into result select max(x) + 1 from result;');
  expect(await migrate()).toEqual(['1_result.sql', '2_more.sql', '10_last.sql']);
  expect(await migrate()).toEqual([]);
  write('11_new.sql', '-- nothing yet\r\n');
  expect(await migrate()).toEqual(['11_new.sql']);
  write('11_new.sql', '-- nothing yet\n'); // other line ends are no change
  expect(await migrate()).toEqual([]);
  expect(await rowsOf('select x from result order by x')).toEqual([{ x: 2 }, { x: 3 }, { x: 4 }]);
});

test('no directory, or an empty one: nothing is done', async () => {
  expect(await migrate()).toEqual([]);
  expect(await migratePipeline(url, path.join(directory, 'nowhere'))).toEqual([]);
});

test('twenty processes at once: all succeed, each file ran once', { timeout: 180_000 }, async () => {
  write('1_count.sql', 'create table count (x int); insert into count values (1);');
  write('2_add.sql', 'insert into count values (1);');
  const answers = await Promise.all(Array.from({ length: 20 }, () => runProgram('migrate-pipeline', url, directory)));
  expect(answers.filter(({ error }) => error)).toEqual([]);
  expect(answers.flatMap(({ ok }) => ok).toSorted()).toEqual(['1_count.sql', '2_add.sql']);
  expect(await rowsOf('select sum(x)::int as n from count')).toEqual([{ n: 2 }]);
});

test("an error names file, line and column, with Postgres's words; that file leaves nothing behind", async () => {
  write('1_good.sql', 'create table good (x int);');
  write('2_bad.sql', 'create table half (x int);\n-- ünïcode 😀\nselect 1,\n  nonsense(2);');
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/2_bad\.sql:4:3: function nonsense\(integer\) does not exist/),
    where: `${path.join(directory, '2_bad.sql')}:4:3`,
    hint: expect.any(String),
  });
  expect(await rowsOf(`select to_regclass('half') as half, to_regclass('good')::text as good`)).toEqual([
    { half: null, good: 'good' },
  ]);
  write('2_bad.sql', 'create table half (x int);');
  expect(await migrate()).toEqual(['2_bad.sql']);
});

test('a file that changed after it ran, is gone, or comes too late is refused', async () => {
  write('1_a.sql', 'create table a (x int);');
  write('3_c.sql', 'create table c (x int);');
  await migrate();
  write('2_b.sql', 'create table b (x int);');
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/2_b\.sql comes before 3_c\.sql/),
  });
  rmSync(path.join(directory, '2_b.sql'));
  write('1_a.sql', 'create table a (y int);');
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/1_a\.sql changed after it ran/),
    hint: expect.stringMatching(/new file/),
  });
  rmSync(path.join(directory, '1_a.sql'));
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/1_a\.sql ran .* no longer there/),
  });
});

test('file names without a number, or with the same one, are refused before anything runs', async () => {
  write('create.sql', 'create table a (x int);');
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/create\.sql has no number/),
  });
  rmSync(path.join(directory, 'create.sql'));
  write('1_a.sql', '');
  write('01_b.sql', '');
  await expect(migrate()).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringMatching(/number 1: /) });
});

test('a file that ends its transaction is told not to', async () => {
  write('1_a.sql', 'begin; create table a (x int); commit;');
  await expect(migrate()).rejects.toMatchObject({
    code: 'migration-failed',
    message: expect.stringMatching(/transactions of its own/),
  });
});

test('what is no file of SQL is left alone', async () => {
  write('.1_hidden.sql', 'nonsense');
  write('README.md', 'nonsense');
  write('1_a.sql', '\uFEFFcreate table a (x int);'); // some editors write a mark of byte order
  mkdirSync(path.join(directory, 'old'));
  expect(await migrate()).toEqual(['1_a.sql']);
});
