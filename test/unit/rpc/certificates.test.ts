// The certificates of a run: who signed them, for how long, for what.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeRunCertificates, type RunCertificates } from '../../../src/rpc/certificates.ts';
import { mayCall } from '../../../src/rpc/tls.ts';

const DAY_MS = 24 * 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);
const ROLES = ['server', 'agent', 'control'] as const;

const run: RunCertificates = await makeRunCertificates(NOW_MS);
const parsed = (certificates: RunCertificates, who: (typeof ROLES)[number]) => new X509Certificate(certificates[who].cert);

test.each(ROLES)('that of the %s is signed by the authority of the run, and by no other', async (who) => {
  const certificate = parsed(run, who);
  const authority = new X509Certificate(run[who].ca);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  const other = new X509Certificate((await makeRunCertificates(NOW_MS)).server.ca);
  expect(certificate.verify(other.publicKey)).toBe(false);
  expect(certificate.checkIssued(other)).toBe(false);
});

test.each(ROLES)('that of the %s is valid from a day ago on, for 90 days', (who) => {
  const certificate = parsed(run, who);
  expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - DAY_MS);
  expect(Date.parse(certificate.validTo)).toBe(NOW_MS + 90 * DAY_MS);
});

test.each(ROLES)('the key of the %s is of its certificate, on the curve P-256', (who) => {
  const key = createPrivateKey(run[who].key);
  expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(parsed(run, who).checkPrivateKey(key)).toBe(true);
});

test('only the authority signs, and its key is nowhere', () => {
  expect(new X509Certificate(run.server.ca).ca).toBe(true);
  for (const who of ROLES) {
    expect(parsed(run, who).ca).toBe(false);
    expect(new X509Certificate(run.server.ca).checkPrivateKey(createPrivateKey(run[who].key))).toBe(false);
  }
});

test('the server has a name, whatever its address; each kind has its purpose', () => {
  expect(parsed(run, 'server').checkHost('coordinator.outflow')).toBe('coordinator.outflow');
  expect(parsed(run, 'agent').checkHost('coordinator.outflow')).toBeUndefined();
  const [serverAuth, clientAuth] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
  expect(ROLES.map((who) => parsed(run, who).keyUsage)).toEqual([[serverAuth], [clientAuth], [clientAuth]]);
});

test('each role has its services, and services that nobody has named are nobody’s', () => {
  const may = (who: 'agent' | 'control', path: string) =>
    mayCall(path, { sslPeerCertificate: parsed(run, who).toLegacyObject() });
  for (const service of ['AgentService', 'BlobService', 'TunnelService']) {
    expect([may('agent', `/outflow.v1.${service}/X`), may('control', `/outflow.v1.${service}/X`)]).toEqual([true, false]);
  }
  expect([may('agent', '/outflow.v1.ControlService/X'), may('control', '/outflow.v1.ControlService/X')]).toEqual([false, true]);
  expect([may('agent', '/other/X'), may('control', ''), mayCall('/outflow.v1.AgentService/Session', {})]).toEqual([
    false,
    false,
    false,
  ]);
});
