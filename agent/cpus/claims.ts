// Local agents of one user share the machine's CPUs by claims: a file for each claimed CPU, named by CPU and owner. An owner's
// files are written by nobody else, so a dead one's can be removed without a race; of two that claim the same CPU at once, both
// see the other and let go.
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { privateDir } from '../../src/system/home.ts';
import { processIdentity } from '../../src/system/processes.ts';

export interface Claims {
  readonly cpus: readonly number[];
  release(): void;
}

/** Directory of this user's claims on this machine. */
export function claimsDirectory(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const parent =
    runtime && path.isAbsolute(runtime)
      ? path.join(runtime, 'outflow')
      : path.join(tmpdir(), `outflow-${process.getuid?.() ?? 0}`);
  return privateDir(path.join(privateDir(parent), 'cpus'));
}

/** Claims `count` of `candidates` that nobody else has; null when too few are free: then nothing is held. */
export function claimCpus(directory: string, candidates: readonly number[], count: number): Claims | null {
  const own = processIdentity(process.pid);
  if (own === null || count > candidates.length) return null;
  const owner = `${own.pid}.${own.startedAt.replace(/[^\w-]/g, '_')}`;
  const taken = claimedByOthers(directory, owner);
  const mine: number[] = [];
  const release = (): void => {
    for (const cpu of mine.splice(0)) remove(path.join(directory, `${cpu}.${owner}`));
  };
  try {
    for (const cpu of candidates) {
      if (mine.length === count) break;
      if (taken.has(cpu)) continue;
      writeFileSync(path.join(directory, `${cpu}.${owner}`), own.startedAt, { mode: 0o600 });
      mine.push(cpu);
    }
    const late = claimedByOthers(directory, owner);
    if (mine.length === count && !mine.some((cpu) => late.has(cpu))) return { cpus: [...mine], release };
  } catch {
    // A full disk, or no right to write: run without.
  }
  release();
  return null;
}

function claimedByOthers(directory: string, owner: string): Set<number> {
  const claimed = new Set<number>();
  for (const name of readdirSync(directory)) {
    const [cpu, pid] = name.split('.');
    if (cpu === undefined || pid === undefined || name.endsWith(`.${owner}`)) continue;
    const identity = processIdentity(Number(pid));
    const isLive = identity !== null && name === `${cpu}.${pid}.${identity.startedAt.replace(/[^\w-]/g, '_')}`;
    if (isLive) claimed.add(Number(cpu));
    else remove(path.join(directory, name));
  }
  return claimed;
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Another agent removed the claim of the same dead owner.
  }
}
