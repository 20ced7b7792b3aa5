// The certificates that a run on Slurm makes for itself: they can be made, and are good for now.
import { X509Certificate } from 'node:crypto';
import { makeRunCertificates, type RunCertificates } from '../../src/rpc/certificates.ts';
import { type Finding, missing, ok } from './finding.ts';

const DAY_MS = 86_400_000;

export interface MadeCertificates {
  certificates: RunCertificates | null;
  finding: Finding;
}

export async function tryCertificates(): Promise<MadeCertificates> {
  const nowMs = Date.now();
  try {
    const certificates = await makeRunCertificates(nowMs);
    const { validFromDate, validToDate } = new X509Certificate(certificates.agent.cert);
    const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
    if (from > nowMs || to < nowMs) {
      const found = `made for ${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
      return { certificates, finding: missing('certificate', found, 'this host’s clock is wrong: set it') };
    }
    const days = (ms: number): number => Math.round(ms / DAY_MS);
    const found = `of the run alone, good from ${days(nowMs - from)} day ago for ${days(to - nowMs)} days`;
    return { certificates, finding: ok('certificate', found) };
  } catch (error) {
    return { certificates: null, finding: missing('certificate', `cannot be made: ${(error as Error).message}`, null) };
  }
}
