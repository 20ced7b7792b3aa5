// Which host uses the data: in a home shared between login nodes, process numbers say nothing about another node's server.
import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { OutflowError } from '../../model/errors.ts';
import { writePrivateFile } from '../../system/home.ts';
import { bootId } from '../../system/processes.ts';
import type { ServerPaths } from './paths.ts';

const Owner = z.object({ host: z.string(), boot: z.string(), since: z.string() });

/**
 * Error `wrong-host` when another host's server uses the data, or did and was not stopped cleanly. The same kernel (boot id) is
 * the same host, whatever its name; the same name after another boot is too.
 */
export function assertOwnHost(paths: ServerPaths): void {
  if (process.platform !== 'linux') return; // laptops change their names, and share no home
  const owner = readOwner(paths);
  if (owner === null || owner.boot === bootId() || owner.host === hostname()) return;
  throw new OutflowError('wrong-host', `outflow's database is in use on the host ${owner.host} (since ${owner.since})`, {
    hint:
      `run outflow on ${owner.host}, or \`outflow db stop\` there first; or set OUTFLOW_DATABASE_URL. ` +
      `If ${owner.host} is gone for good, remove ${paths.ownerFile}`,
  });
}

export async function writeOwner(paths: ServerPaths): Promise<void> {
  const owner: z.infer<typeof Owner> = { host: hostname(), boot: bootId(), since: new Date().toISOString() };
  await writePrivateFile(paths.ownerFile, `${JSON.stringify(owner)}\n`);
}

export function removeOwner(paths: ServerPaths): void {
  rmSync(paths.ownerFile, { force: true });
}

/** Null also for a file that cannot be read as one: a crash may leave it empty. */
export function readOwner(paths: ServerPaths): z.infer<typeof Owner> | null {
  try {
    return Owner.parse(JSON.parse(readFileSync(paths.ownerFile, 'utf8')));
  } catch {
    return null;
  }
}
