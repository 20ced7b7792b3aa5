// What a probe proved, or did not. Pure.
import { formatDuration } from '../../../src/base/duration.ts';
import type { Waiting } from '../../../src/plan/slurm.ts';
import { clockFinding } from '../clock.ts';
import { bytesText } from '../file-system.ts';
import { type Finding, missing, ok, warning } from '../finding.ts';
import { limitFindings } from '../limits.ts';
import { nodeFinding } from '../program.ts';
import type { ProbeOutcome } from './probe.ts';
import type { NodeReport } from './report.ts';

/** What one node's clock is told to, where it could only leave a file. */
const BY_FILE_MS = 60_000;
const ENOUGH_TEMPORARY_BYTES = 2 ** 30;

export function probeFindings(outcome: ProbeOutcome): Finding[] {
  switch (outcome.kind) {
    case 'told':
      return toldFindings(outcome);
    case 'refused':
      return [
        missing(
          'job',
          `sbatch refused it: ${outcome.message}`,
          'say what the site asks for: --sbatch NAME=VALUE, or `slurm.sbatch` in outflow.config',
        ),
      ];
    case 'ended':
      return [missing('job', outcome.detail, endAdvice(outcome.detail))];
    case 'never':
      return [missing('job', `${outcome.job} cannot start (${outcome.waiting.reason})`, outcome.waiting.text)];
    case 'waited':
      return [waitedFinding(outcome)];
  }
}

/** What is wrong is most often that a node does not see what this host does. */
function endAdvice(detail: string): string | null {
  if (detail.includes('failed in its prologue')) return 'mend `slurm.prologue` in outflow.config';
  if (/0:53|JobLaunchFailure/.test(detail)) return 'name a directory that all nodes see: `slurm.sharedDir` in outflow.config';
  if (/No such file or directory|127|execve/.test(detail))
    return 'outflow itself, and the directory where it is called, must be on a file system that all nodes see';
  return null;
}

function waitedFinding({ job, patienceMs, waiting, node }: Extract<ProbeOutcome, { kind: 'waited' }>): Finding {
  const after = formatDuration(patienceMs);
  if (node !== '' && waiting === null) {
    return missing(
      'job',
      `${job} ran on ${node}, and told nothing within ${after}`,
      'a prologue or a file system there may hang; give it more time: --timeout',
    );
  }
  const why = waiting === null ? '' : `: ${reasonText(waiting)}`;
  return missing(
    'job',
    `${job} had not started after ${after}${why}`,
    'wait longer (--timeout 1h), or try another partition (--sbatch partition=NAME)',
  );
}

function reasonText({ reason, text, expectedStartMs }: Waiting): string {
  const start = expectedStartMs === null ? '' : `; expected to start at ${new Date(expectedStartMs).toLocaleString('sv')}`;
  return `${reason}, ${text}${start}`;
}

function toldFindings({ job, tookMs, report, seenMs }: Extract<ProbeOutcome, { kind: 'told' }>): Finding[] {
  return [
    ok('job', `${job} on ${report.host} answered after ${formatDuration(tookMs)}`),
    directoryFinding(report),
    reachFinding(report),
    nodeFinding(report.node, report.host),
    clockFinding(-(report.aheadMs ?? report.atMs - seenMs), `${report.host}'s`, report.aheadMs === null ? BY_FILE_MS : 0),
    ...cpuFindings(report),
    temporaryFinding(report),
    ...limitFindings(report.limits),
  ];
}

function directoryFinding({ host, directory: { kind, error } }: NodeReport): Finding {
  if (error === null) return ok('directory', `of runs: ${host} sees it and writes into it${kind === null ? '' : ` (${kind})`}`);
  return missing('directory', `${host}: ${error}`, 'name one that all nodes may write: `slurm.sharedDir` in outflow.config');
}

function reachFinding({ host, addresses }: NodeReport): Finding {
  const reached = addresses.filter(({ error }) => error === null).map(({ address }) => address);
  const failed = addresses.filter(({ error }) => error !== null).map(({ address, error }) => `${address}: ${error}`);
  if (reached.length > 0) return ok('network', `${host} reaches us at ${reached.join(', ')}`);
  return missing(
    'network',
    `${host} does not reach us at ${failed.join('; ')}`,
    'have a range of ports opened to the nodes and listen there (--listen :20000-20100), or name another address of this host (--listen HOST:PORTS)',
  );
}

function cpuFindings({ cpus: { granted, usable, warning: text } }: NodeReport): Finding[] {
  if (text !== '')
    return [
      warning('CPUs', text, 'the site binds less than it grants: ask the administrators, or set `cpusPerTask` so that it fits'),
    ];
  if (granted === 0) return [];
  if (usable === null || usable === granted) return [ok('CPUs', `${granted} granted, and bound to`)];
  return [ok('CPUs', `${granted} granted, none bound: units are counted, not pinned`)];
}

function temporaryFinding({ temporary: { path, freeBytes, error } }: NodeReport): Finding {
  const advice = 'units have their temporary files there: let `prologue` set TMPDIR to a directory on the node’s disk';
  if (error !== null) return missing('temporary', error, advice);
  const found = `${path}, ${bytesText(freeBytes)} free`;
  return freeBytes < ENOUGH_TEMPORARY_BYTES ? warning('temporary', found, advice) : ok('temporary', found);
}
