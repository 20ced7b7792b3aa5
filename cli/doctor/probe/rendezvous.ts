// The probe's half on this host: listens as a coordinator does, and waits for the node's report, by the network or as a file.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunCertificates } from '../../../src/rpc/certificates.ts';
import { serveTls } from '../../../src/rpc/secure-server.ts';
import { writePrivateFile } from '../../../src/system/home.ts';
import { joinFileIn } from '../../../src/system/shared-files.ts';
import { addressesOf, listenAddress } from '../listening.ts';
import { NOBODY } from '../nobody.ts';
import { CLOCK, type NodeReport, parseReport, reportFile } from './report.ts';

export interface ProbeRendezvous {
  readonly joinFile: string;
  /** The report, as soon as it is here; `seenMs` is when. Rejects when `signal` aborts. */
  report(signal: AbortSignal): Promise<{ report: NodeReport; seenMs: number }>;
  close(): Promise<void>;
}

const LOOK_MS = 500;

export async function openRendezvous(
  directory: string,
  listen: string | null,
  certificates: RunCertificates,
): Promise<ProbeRendezvous> {
  const address = listenAddress(listen);
  const sent = Promise.withResolvers<string>();
  const server = await serveTls(
    { ...address, tls: certificates.server },
    {
      ...NOBODY,
      getBlob: async function* (name) {
        if (name === CLOCK) yield Buffer.from(String(Date.now()));
      },
      putBlob: async (_name, _size, chunks) => {
        sent.resolve(await textOf(chunks));
      },
    },
  );
  const joinFile = joinFileIn(directory);
  const addresses = addressesOf(address, server.port);
  await writePrivateFile(joinFile, JSON.stringify({ addresses, run: path.basename(directory), tls: certificates.agent }));
  return {
    joinFile,
    report: async (signal) => {
      const text = await Promise.race([sent.promise, written(reportFile(joinFile), signal)]);
      return { report: parseReport(text), seenMs: Date.now() };
    },
    close: () => server.close(),
  };
}

/** Where the node did not reach us. */
async function written(file: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      await sleep(LOOK_MS, undefined, { signal });
    }
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
