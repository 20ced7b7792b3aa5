// What Postgres throws, as errors for people: its own words, and advice where there is some.
import { expect, test } from 'vitest';
import { databaseError } from '../../../src/db/errors.ts';

const URL = 'postgresql://outflow@%2Fhome%2Fme%2Frun:5432/outflow';

test.each([
  ['42501', 'permission denied for table run', 'grant it'],
  ['58P01', 'could not access file "plpgsql": No such file or directory', '`outflow db stop --force`'],
])('%s: the words of Postgres, and what to do', (code, words, hint) => {
  const error = databaseError(Object.assign(new Error(words), { code }), URL);
  expect(error).toMatchObject({ code: 'database-failed', hint: expect.stringContaining(hint) });
  expect(error.message).toContain(`${words} (${code})`);
});

test('others have no advice', () => {
  expect(databaseError(Object.assign(new Error('no'), { code: '42P01' }), URL).hint).toBeUndefined();
});
