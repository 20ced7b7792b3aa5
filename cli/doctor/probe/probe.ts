// Sends a one-minute job that looks around on a compute node as an agent would, waits for what it tells, and leaves nothing behind.
import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutflowError } from '../../../src/model/errors.ts';
import type { Directive, SlurmSettings, Waiting } from '../../../src/plan/slurm.ts';
import type { RunCertificates } from '../../../src/rpc/certificates.ts';
import { fileError } from '../../../src/system/file-errors.ts';
import { outflowHome, privateDir, runDir } from '../../../src/system/home.ts';
import { jobOutputIn, programsIn, sharedRunDir } from '../../../src/system/shared-files.ts';
import { SharedProgram } from '../../../src/system/shared-program.ts';
import { ProbeJob } from './job.ts';
import { openRendezvous, type ProbeRendezvous } from './rendezvous.ts';
import type { NodeReport } from './report.ts';
import type { WaitingLine } from './waiting-line.ts';

export type ProbeOutcome =
  | { kind: 'told'; job: string; tookMs: number; report: NodeReport; seenMs: number }
  | { kind: 'refused'; message: string }
  | { kind: 'ended'; detail: string }
  | { kind: 'never'; job: string; waiting: Waiting }
  | { kind: 'waited'; job: string; patienceMs: number; waiting: Waiting | null; node: string };

export interface ProbeOptions {
  settings: SlurmSettings;
  directives: readonly Directive[];
  certificates: RunCertificates;
  patienceMs: number;
  /** Ctrl-C. */
  signal: AbortSignal;
  waiting: WaitingLine;
}

/** A report may come by a file system that is slow to show what a node has written. */
const LATE_MS = 3_000;

/** Errors: of the directory (`bad-environment`, `disk-full`), of listening (`coordinator-failed`), of Slurm (`slurm-failed`), `run-cancelled`. */
export async function runProbe(options: ProbeOptions): Promise<ProbeOutcome> {
  const { settings, directives, certificates } = options;
  const directory = probeDirectory(settings);
  let rendezvous: ProbeRendezvous | undefined;
  try {
    const outputDir = privateDir(jobOutputIn(directory));
    rendezvous = await openRendezvous(directory, settings.listen, certificates);
    // The last option's value is the script's to add.
    const program = new SharedProgram(programsIn(settings.sharedDir, outflowHome));
    await program.share();
    const command = program.command('__probe', '--join', rendezvous.joinFile, '--allocation');
    const { prologue, ship = 'path' } = settings;
    return await sent(new ProbeJob({ directives, prologue, command, ship, outputDir }), rendezvous, options);
  } finally {
    await rendezvous?.close();
    removeDirectory(directory);
  }
}

function removeDirectory(directory: string): void {
  try {
    chmodSync(directory, 0o700); // a prologue may have closed it
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw fileError(error, `cannot remove ${directory}`);
  }
}

/** Where the directory of a run would be. */
export function probeDirectory({ sharedDir }: Pick<SlurmSettings, 'sharedDir'>): string {
  const id = `doctor-${randomBytes(4).toString('hex')}`;
  return privateDir(sharedRunDir(sharedDir, id, () => runDir(id)));
}

async function sent(job: ProbeJob, rendezvous: ProbeRendezvous, options: ProbeOptions): Promise<ProbeOutcome> {
  const { patienceMs, signal, waiting } = options;
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal, AbortSignal.timeout(patienceMs)]);
  let outcome: ProbeOutcome | undefined;
  try {
    const submitted = await job.submit(stop);
    if (submitted.kind === 'refused') return submitted;
    waiting.begin(job.id);
    outcome = await answered(job, rendezvous, stop, waiting);
    return outcome;
  } catch (error) {
    if (signal.aborted) throw new OutflowError('run-cancelled', `interrupted: ${nameOf(job)} was cancelled`, { cause: error });
    if (!stop.aborted) throw error;
    return { kind: 'waited', job: nameOf(job), patienceMs, waiting: waiting.last, node: job.node };
  } finally {
    done.abort();
    waiting.leave();
    await job.leave({ hasTold: outcome?.kind === 'told' });
    waiting.end();
  }
}

async function answered(
  job: ProbeJob,
  rendezvous: ProbeRendezvous,
  signal: AbortSignal,
  waiting: WaitingLine,
): Promise<ProbeOutcome> {
  const report = rendezvous.report(signal);
  report.catch(() => {}); // where the job ends first
  const ended = job.ended(signal, (seen) => waiting.look(seen));
  ended.catch(() => {}); // where the report comes first
  const first = await Promise.race([report, ended]);
  const told = 'report' in first ? first : await Promise.race([report, sleep(LATE_MS, undefined, { signal })]);
  if (told !== undefined) return { kind: 'told', job: nameOf(job), tookMs: job.ageMs, ...told };
  const outcome = await ended;
  return outcome.kind === 'never' ? { ...outcome, job: nameOf(job) } : { kind: 'ended', detail: outcome.detail };
}

function nameOf({ id }: ProbeJob): string {
  return id === null ? 'the job' : `job ${id}`;
}
