// Connection URLs in libpq's spellings become the one that Slonik and pg read alike; passwords stay out of messages.
import { expect, test } from 'vitest';
import {
  databaseOf,
  dialOf,
  displayUrl,
  normalizeUrl,
  tunnelledHost,
  viaSocketDirectory,
  withDatabase,
} from '../../../src/db/url.ts';

test.each([
  ['postgresql://u@%2Fa%20b:5432/db', 'postgresql://u@%2Fa%20b:5432/db'],
  ['postgresql://u@/db?host=/a b', 'postgresql://u@%2Fa%20b:5432/db'],
  ['postgresql:///db?host=/a&user=u&port=6000', 'postgresql://u@%2Fa:6000/db'],
  ['postgres://u:p%40ss@host/db?sslmode=verify-full', 'postgresql://u:p%40ss@host:5432/db?sslmode=require'],
  ['postgres://u@host/db?sslmode=prefer', 'postgresql://u@host:5432/db'],
  ['postgres://u@host', 'postgresql://u@host:5432/u'],
])('%s is read as %s', (text, expected) => {
  expect(normalizeUrl(text)).toBe(expected);
  expect(normalizeUrl(normalizeUrl(text))).toBe(expected);
});

test('another database of the same server', () => {
  expect(withDatabase('postgres://u:p@h/a?application_name=x', 'b c')).toBe('postgresql://u:p@h:5432/b%20c?application_name=x');
  expect(databaseOf('postgres://u:p@h/b%20c')).toBe('b c');
});

test('messages never show a password', () => {
  expect(displayUrl('postgres://u:secret@h/a?password=secret')).toBe('postgresql://u@h:5432/a');
  expect(displayUrl('u:secret@h')).not.toContain('secret');
  expect(() => normalizeUrl('mysql://u:secret@h')).toThrow(/^(?!.*secret).*not a Postgres URL/);
});

test.each([
  ['postgres://u:p@h.example/a?sslmode=require', 'h.example', 'postgresql://u@h.example:5432/a'],
  ['postgres://u@[::1]:6000/a', '::1', 'postgresql://u@::1:6000/a'],
  ['postgresql:///a?host=/run/pg&user=u', '/run/pg', 'postgresql://u@/run/pg:5432/a'],
])('%s through a tunnel: the host behind it is known, and shown', (url, host, shown) => {
  const through = viaSocketDirectory(url, '/tmp/a b/1');
  const { port } = new URL(normalizeUrl(url));
  expect(dialOf(through)).toEqual({ path: `/tmp/a b/1/.s.PGSQL.${port}` });
  expect(tunnelledHost(through)).toBe(host);
  expect(tunnelledHost(withDatabase(through, 'b'))).toBe(host);
  expect(displayUrl(through)).toBe(shown);
  expect(tunnelledHost(url)).toBeUndefined();
});
