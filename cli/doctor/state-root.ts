// The state root (OUTFLOW_HOME): private and writable, with room, on a disk that holds what a database and sockets need.
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { isExecutable } from '../../src/system/embedded.ts';
import { outflowHome, privateDir, runDir, socketPath } from '../../src/system/home.ts';
import { unpacked } from '../../src/system/unpack.ts';
import { bytesText, type FileSystem, fileSystemOf, isNetwork } from './file-system.ts';
import { type Finding, missing, missingBy, ok, warning } from './finding.ts';
import { tryWriting } from './try-writing.ts';

const MIB = 2 ** 20;
const LEAST_BYTES = 200 * MIB;
const ENOUGH_BYTES = 2048 * MIB;
const ENOUGH_FILES = 10_000;

/** `isEmbedded`: the embedded Postgres keeps its data there. */
export async function stateRootFindings(isEmbedded: boolean): Promise<Finding[]> {
  let home: string;
  try {
    home = privateDir(outflowHome());
    tryWriting(home);
  } catch (error) {
    return [missingBy('state root', error)];
  }
  const fileSystem = fileSystemOf(home);
  return [
    ok('state root', home),
    diskFinding(fileSystem, isEmbedded),
    spaceFinding(fileSystem),
    ...programFindings(),
    await socketFinding(),
  ];
}

export function diskFinding({ kind }: Pick<FileSystem, 'kind'>, isEmbedded: boolean): Finding {
  if (kind === null) return ok('disk', 'of a kind that the system does not tell');
  if (!isEmbedded) return ok('disk', kind);
  if (isNetwork(kind)) {
    const advice =
      'a database wants a disk of its own host: let OUTFLOW_HOME name a directory on one, or OUTFLOW_DATABASE_URL a Postgres server';
    return warning('disk', `${kind}, a network file system`, advice);
  }
  if (kind === 'tmpfs' || kind === 'ramfs') {
    return warning(
      'disk',
      `${kind}, in memory`,
      'runs are lost when the host restarts: let OUTFLOW_HOME name a directory on a disk',
    );
  }
  return ok('disk', kind);
}

export function spaceFinding({ freeBytes, freeFiles }: Pick<FileSystem, 'freeBytes' | 'freeFiles'>): Finding {
  const found = `${bytesText(freeBytes)} free`;
  const advice = 'free some, or let OUTFLOW_HOME name a directory with more';
  if (freeBytes < LEAST_BYTES) return missing('space', found, advice);
  if (freeFiles !== null && freeFiles < ENOUGH_FILES)
    return warning('space', `${found}, but only ${freeFiles} files more`, advice);
  return freeBytes < ENOUGH_BYTES ? warning('space', found, advice) : ok('space', found);
}

/** Where the single executable puts the programs that it has inside. */
function programFindings(): Finding[] {
  if (!isExecutable) return [];
  try {
    return [ok('programs', `unpacked to ${path.dirname(unpacked('esbuild'))}`)];
  } catch (error) {
    return [missingBy('programs', error)];
  }
}

/** The coordinator's and the database's sockets lie there, or in /tmp where their paths would be too long. */
async function socketFinding(): Promise<Finding> {
  const run = runDir(`doctor-${process.pid}`);
  let file: string | undefined;
  try {
    file = socketPath(run, 'doctor.sock');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const server = createServer().once('error', reject).listen(file, resolve);
    await promise.finally(() => server.close());
    return ok('sockets', file.startsWith(run) ? 'in the state root' : 'in /tmp: in the state root their paths would be too long');
  } catch (error) {
    const where = path.dirname(file ?? run);
    return missing(
      'sockets',
      `cannot be made in ${where}: ${(error as Error).message}`,
      'let OUTFLOW_HOME name a directory on a local disk',
    );
  } finally {
    if (file !== undefined && !file.startsWith(run)) rmSync(path.dirname(file), { recursive: true, force: true });
    rmSync(run, { recursive: true, force: true });
  }
}
