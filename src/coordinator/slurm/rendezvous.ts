// Where agents on other hosts find the coordinator: TCP with mutual TLS, and the files that say how to reach it.
import { rmSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { advertised, parseListen } from '../../rpc/addresses.ts';
import { makeRunCertificates, type RunCertificates } from '../../rpc/certificates.ts';
import type { Listening } from '../../rpc/server.ts';
import { privateDir, writePrivateFile } from '../../system/home.ts';
import { controlFileIn, joinFileIn } from '../../system/shared-files.ts';

export interface Rendezvous {
  readonly tcp: NonNullable<Listening['tcp']>;
  readonly joinFile: string;
  /** Writes the files for agents and for CLIs on other hosts. */
  publish(port: number): Promise<void>;
  /** The run is over: nobody needs its keys any more. */
  remove(): void;
}

/** `directory`: 0700, on a file system that all nodes see. `listen`: as `--listen`; null: a free port, all interfaces. */
export async function makeRendezvous(run: string, directory: string, listen: string | null): Promise<Rendezvous> {
  const { host, ports } = listen === null ? { host: '', ports: 0 as const } : parseListen(listen);
  // New ones for each holder: agents read the join file again at each dial, and nobody keeps the authority's key.
  const certificates: RunCertificates = await makeRunCertificates(Date.now());
  const joinFile = joinFileIn(privateDir(directory));
  return {
    tcp: { host, ports, tls: certificates.server },
    joinFile,
    publish: async (port) => {
      const addresses = advertised({ host, port }, { hostname: hostname(), interfaces: networkInterfaces() });
      await Promise.all([
        writePrivateFile(joinFile, JSON.stringify({ addresses, run, tls: certificates.agent })),
        writePrivateFile(controlFileIn(directory), JSON.stringify({ addresses, run, tls: certificates.control })),
      ]);
    },
    remove: () => {
      for (const file of [joinFile, controlFileIn(directory)]) rmSync(file, { force: true });
    },
  };
}
