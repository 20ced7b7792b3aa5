// What was applied, against what is known: which of the two is ahead, and what no migration can mend.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { compareMigrations } from '../../../src/db/migrate.ts';
import { pipelineDatabaseName } from '../../../src/db/pipeline-database.ts';

const known = ['1_a', '2_b', '10_c'].map((name) => ({ name, sql: `select '${name}'` }));
const applied = (...names: string[]) =>
  names.map((name) => ({ name, checksum: createHash('sha256').update(`select '${name}'`).digest('hex') }));

test('nothing, something and everything applied', () => {
  expect(compareMigrations([], known)).toEqual({ kind: 'pending', names: ['1_a', '2_b', '10_c'] });
  expect(compareMigrations(applied('1_a'), known)).toEqual({ kind: 'pending', names: ['2_b', '10_c'] });
  expect(compareMigrations(applied('1_a', '2_b', '10_c'), known)).toEqual({ kind: 'current' });
});

test('unknown, skipped and changed ones', () => {
  expect(compareMigrations(applied('1_a', '2_b', '10_c', '11_d'), known)).toEqual({ kind: 'newer', names: ['11_d'] });
  expect(compareMigrations(applied('1_a', '10_c'), known)).toMatchObject({ kind: 'conflict', name: '2_b' });
  expect(compareMigrations([{ name: '1_a', checksum: 'x' }], known)).toMatchObject({ kind: 'conflict', name: '1_a' });
});

test("a pipeline's database is named after its directory, and two directories never share one", () => {
  expect(pipelineDatabaseName('/home/me/My Project (2)')).toMatch(/^p_my_project_2_[0-9a-f]{8}$/);
  expect(pipelineDatabaseName('/a/x')).not.toBe(pipelineDatabaseName('/b/x'));
  expect(pipelineDatabaseName('/ЖЖЖ')).toMatch(/^p_pipeline_[0-9a-f]{8}$/);
  expect(pipelineDatabaseName(`/${'long'.repeat(50)}`).length).toBeLessThan(63);
});
