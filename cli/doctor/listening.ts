// Whether this host can listen as a coordinator does, and under which addresses agents would look for it.
import { hostname, networkInterfaces } from 'node:os';
import { advertised, type ListenAddress, parseListen } from '../../src/rpc/addresses.ts';
import { serveTls } from '../../src/rpc/secure-server.ts';
import type { TlsIdentity } from '../../src/rpc/tls.ts';
import { type Finding, missingBy, ok, warning } from './finding.ts';
import { NOBODY } from './nobody.ts';

/** `listen`: as `--listen`; null: a free port on all interfaces. */
export async function listeningFinding(listen: string | null, tls: TlsIdentity): Promise<Finding> {
  const address = listenAddress(listen);
  try {
    const server = await serveTls({ ...address, tls }, NOBODY);
    await server.close();
    return addressesFinding(addressesOf(address, server.port));
  } catch (error) {
    return missingBy('addresses', error);
  }
}

export function listenAddress(listen: string | null): ListenAddress {
  return listen === null ? { host: '', ports: 0 } : parseListen(listen);
}

export function addressesOf({ host }: ListenAddress, port: number): string[] {
  return advertised({ host, port }, { hostname: hostname(), interfaces: networkInterfaces() });
}

export function addressesFinding(addresses: readonly string[]): Finding {
  const hosts = addresses.map((address) => address.replace(/:\d+$/, ''));
  const found = hosts.join(', ');
  if (!hosts.every((host) => /^(127\.|\[?::1\]?$|localhost$)/.test(host))) return ok('addresses', found);
  const advice =
    'no other host finds this one there: name an address that nodes reach with --listen HOST:PORTS, or `slurm.listen`';
  return warning('addresses', `only ${found}`, advice);
}
