// The probe's other half, which a compute node runs (`outflow __probe --join FILE`): it looks around as an agent would, dials us, and tells.
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { affinityMask } from '../../../agent/cpus/affinity.ts';
import { readGrant } from '../../../agent/cpus/grant.ts';
import { awaitJoinFile, type JoinFile } from '../../../agent/join-file.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { CoordinatorClient } from '../../../src/rpc/client.ts';
import { probe } from '../../../src/rpc/probe.ts';
import type { TlsIdentity } from '../../../src/rpc/tls.ts';
import { writePrivateFile } from '../../../src/system/home.ts';
import { removeShipped } from '../../../src/system/shipped-program.ts';
import { fileSystemOf } from '../file-system.ts';
import { readLimits } from '../limits.ts';
import { tryWriting } from '../try-writing.ts';
import { CLOCK, type NodeReport, reportFile } from './report.ts';

/** Resolves with the exit code: 0 when the report has arrived in some way. */
export async function runProbe([flag, joinFile]: readonly string[]): Promise<number> {
  if (flag !== '--join' || joinFile === undefined) return 2;
  removeShipped();
  const join = await awaitJoinFile(joinFile, AbortSignal.timeout(LIMITS.startMs));
  const { tls } = join;
  if (tls === undefined) return 2;
  const addresses = await dialled(join, tls);
  const found = addresses.find(({ error }) => error === null);
  const client = found && new CoordinatorClient({ address: found.address, tls });
  const report = { ...lookAround(path.dirname(joinFile)), addresses, aheadMs: null };
  if (client === undefined) return await wrote(report, joinFile);
  try {
    const complete = { ...report, aheadMs: await clockAhead(client) };
    // The file first: whoever has the report goes on, and removes the directory.
    const written = await wrote(complete, joinFile);
    await client.putBlob('report', Buffer.from(JSON.stringify(complete)));
    return written;
  } catch (error) {
    // The handshake went through, and what came after did not.
    const failed = addresses.map((it) => (it === found ? { ...it, error: (error as Error).message } : it));
    return await wrote({ ...report, addresses: failed }, joinFile);
  } finally {
    client.close();
  }
}

async function wrote(report: NodeReport, joinFile: string): Promise<number> {
  try {
    await writePrivateFile(reportFile(joinFile), JSON.stringify(report));
    return 0;
  } catch (error) {
    process.stderr.write(`outflow: ${hostname()} cannot write the report: ${(error as Error).message}\n`);
    return 1;
  }
}

function dialled({ addresses }: JoinFile, tls: TlsIdentity): Promise<NodeReport['addresses']> {
  const { signal } = new AbortController();
  return Promise.all(
    addresses.map(async (address) => {
      const error = await probe(address, tls, LIMITS.dialMs, signal).then(
        () => null,
        (reason: Error) => reason.message,
      );
      return { address, error };
    }),
  );
}

/** Our clock less theirs, half of the way there and back taken off; a second look, as the first one makes the connection. */
async function clockAhead(client: CoordinatorClient): Promise<number> {
  const ask = async (): Promise<number> => {
    const before = Date.now();
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.getBlob(CLOCK, AbortSignal.timeout(LIMITS.dialMs))) chunks.push(chunk);
    const theirs = Number(Buffer.concat(chunks).toString('utf8'));
    return (before + Date.now()) / 2 - theirs;
  };
  await ask();
  return await ask();
}

function lookAround(directory: string): Omit<NodeReport, 'addresses' | 'aheadMs'> {
  const grant = readGrant();
  const temporary = tmpdir();
  return {
    host: hostname(),
    atMs: Date.now(),
    node: process.version,
    limits: readLimits(),
    cpus: { granted: grant?.slots ?? 0, usable: affinityMask()?.length ?? null, warning: grant?.warning ?? '' },
    directory: { kind: fileSystemOf(directory).kind, error: errorOf(() => tryWriting(directory)) },
    temporary: {
      path: temporary,
      freeBytes: freeIn(temporary),
      error: errorOf(() => tryWriting(temporary)),
    },
  };
}

function freeIn(directory: string): number {
  try {
    return fileSystemOf(directory).freeBytes;
  } catch {
    return 0; // it is not there, as the try to write says
  }
}

function errorOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
