// All that doctor looks at, in groups, each told as soon as it is known.
import { mergedDirectives } from '../../src/plan/directives.ts';
import type { SlurmSettings } from '../../src/plan/slurm.ts';
import { tryCertificates } from './certificates.ts';
import { databaseFindings } from './database.ts';
import { type Finding, type FindingGroup, lacks, missingBy, untried } from './finding.ts';
import { limitFindings, readLimits } from './limits.ts';
import { listeningFinding } from './listening.ts';
import { probeFindings } from './probe/findings.ts';
import { interruption } from './probe/interruption.ts';
import { runProbe } from './probe/probe.ts';
import type { NodeReport } from './probe/report.ts';
import { WaitingLine } from './probe/waiting-line.ts';
import { programFindings } from './program.ts';
import { runDirectoryFinding } from './run-directory.ts';
import { slurmFindings } from './slurm.ts';
import { stateRootFindings } from './state-root.ts';

export interface Examination {
  /** URL of the database that is named; undefined: the embedded one. */
  database: string | undefined;
  idleMs: number | undefined;
  /** Null: no Slurm. */
  slurm: SlurmSettings | null;
  /** Null: no probe. */
  probe: { patienceMs: number } | null;
  onGroup(group: FindingGroup): void;
}

export interface Examined {
  groups: FindingGroup[];
  /** What the probe's node told. */
  node: NodeReport | null;
}

export async function examine({ database, idleMs, slurm, probe, onGroup }: Examination): Promise<Examined> {
  const groups: FindingGroup[] = [];
  const tell = (title: string, findings: Finding[]): void => {
    const group = { title, findings };
    groups.push(group);
    onGroup(group);
  };
  tell('program', [...programFindings(), ...limitFindings(readLimits())]);
  const state = await stateRootFindings(database === undefined);
  tell('state', state);
  const isHomeless = lacks(state);
  tell(
    'database',
    isHomeless && database === undefined ? [untried('postgres', 'state')] : await databaseFindings(database, idleMs),
  );
  if (slurm === null) return { groups, node: null };

  const directives = mergedDirectives(slurm);
  const found = await slurmFindings(slurm, directives);
  const made = await tryCertificates();
  const { certificates } = made;
  const network = certificates === null ? [] : [await listeningFinding(slurm.listen, certificates.server)];
  tell('Slurm', found);
  tell('agents', [runDirectoryFinding(slurm, probe !== null), made.finding, ...network]);
  if (probe === null) return { groups, node: null };

  const wanted = groups.slice(-2).flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'missing'));
  if (wanted.length > 0 || certificates === null) {
    tell('probe', [untried('job', wanted.map(({ check }) => check).join(', '))]);
    return { groups, node: null };
  }
  const { signal, end } = interruption();
  try {
    const waiting = new WaitingLine(process.stderr);
    const outcome = await runProbe({ settings: slurm, directives, certificates, ...probe, signal, waiting });
    tell('probe', probeFindings(outcome));
    return { groups, node: outcome.kind === 'told' ? outcome.report : null };
  } catch (error) {
    if (signal.aborted) throw error;
    tell('probe', [missingBy('job', error)]);
    return { groups, node: null };
  } finally {
    end();
  }
}
