// The certificates of one run: an authority that lives only while they are made, the coordinator's, and one for each role.
// Nobody keeps the authority's key: who takes a run over makes new ones, and agents read the join file again at each dial.
import { randomBytes } from 'node:crypto';
import { type Role, SERVER_NAME, type TlsIdentity } from './tls.ts';

export interface RunCertificates {
  server: TlsIdentity;
  /** For join files. */
  agent: TlsIdentity;
  /** For the CLI on other hosts. */
  control: TlsIdentity;
}

const DAY_MS = 24 * 3_600_000;
/** Clocks of a cluster's nodes differ. */
const BACKDATED_MS = DAY_MS;
const VALID_MS = 90 * DAY_MS;

/** Takes some 50 ms of CPU, most of it to load the library: call it only where there is a network. */
export async function makeRunCertificates(nowMs: number): Promise<RunCertificates> {
  const { issue } = await import('./x509.ts');
  const valid = { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + VALID_MS) };
  const authority = await issue({ ...valid, use: 'authority', commonName: `outflow ${randomBytes(8).toString('hex')}` });
  const identity = async (subject: Parameters<typeof issue>[0]): Promise<TlsIdentity> => {
    const { cert, key } = await issue(subject, authority);
    return { ca: authority.cert, cert, key };
  };
  const client = (role: Role): Promise<TlsIdentity> => identity({ ...valid, use: 'client', commonName: role });
  return {
    server: await identity({ ...valid, use: 'server', commonName: SERVER_NAME }),
    agent: await client('agent'),
    control: await client('control'),
  };
}
