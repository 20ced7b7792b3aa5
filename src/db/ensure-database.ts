// Makes the database that a URL names, when it is missing and the role may.
import { OutflowError } from '../model/errors.ts';
import { withClient } from './client.ts';
import { errorCode, messageOf } from './errors.ts';
import { databaseOf, displayUrl, withDatabase } from './url.ts';

/**
 * Creates the database of `url` unless it exists; safe when many do so at once. True: it was created by this call.
 * Errors `database-*`; `database-failed` when the role may not create databases.
 */
export async function ensureDatabase(url: string): Promise<boolean> {
  const name = databaseOf(url);
  try {
    await withClient(url, async () => {});
    return false;
  } catch (error) {
    if (errorCode(error) !== '3D000') throw error;
  }
  return await withMaintenanceDatabase(url, async (client) => {
    try {
      await client.query(`create database "${name.replaceAll('"', '""')}"`);
      return true;
    } catch (error) {
      // 42P04, 23505: another process was faster.
      if (['42P04', '23505'].includes(errorCode(error) ?? '')) return false;
      const message = `the database ${displayUrl(url)} does not exist and cannot be created: ${messageOf(error)}`;
      const hint = `have it created (createdb ${name}), or name another one under \`databases\` in the configuration`;
      throw new OutflowError('database-failed', message, { hint, cause: error });
    }
  });
}

async function withMaintenanceDatabase<T>(url: string, work: Parameters<typeof withClient<T>>[1]): Promise<T> {
  try {
    return await withClient(withDatabase(url, 'postgres'), work);
  } catch (error) {
    if (errorCode(error) !== '3D000') throw error;
    return await withClient(withDatabase(url, 'template1'), work);
  }
}
