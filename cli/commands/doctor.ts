// `outflow doctor`: what a run needs, whether it is here, and what to do where it is not.
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../../src/base/duration.ts';
import { type Config, loadConfig } from '../../src/loader/config.ts';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';
import { OutflowCommand } from '../base-command.ts';
import { type FindingGroup, lacks, missingBy } from '../doctor/finding.ts';
import type { NodeReport } from '../doctor/probe/report.ts';
import { groupLines, verdictLine } from '../doctor/render.ts';
import { chooseBackend, whyText } from '../pipeline/backend.ts';
import { pipelineFlags } from '../pipeline/flags.ts';
import type { OwnFlagValues } from '../pipeline/pipeline-command.ts';
import { slurmSettings } from '../pipeline/slurm-settings.ts';
import { surviveBrokenPipe } from '../text/broken-pipe.ts';
import { paintFor } from '../text/style.ts';

interface Examined {
  /** Nothing is missing. */
  ok: boolean;
  backend: string;
  groups: FindingGroup[];
  /** What the probe's node told; null: no probe, or it told nothing. */
  node: NodeReport | null;
}

export default class Doctor extends OutflowCommand {
  static override summary = 'Check what a run needs, and say what to do about what is missing.';
  static override description =
    'The program and the limits of its processes, the state root and its disk, Postgres, which is started or dialled; with the Slurm backend also its commands, nodes and partitions, the directory and the certificates of runs, and the addresses that agents would dial. With --probe a one-minute job proves that a compute node sees the directory, writes into it, and reaches this host. Exit code 1 when something that a run needs is missing; warnings are none.';
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --backend slurm',
    '<%= config.bin %> doctor --backend slurm --probe --sbatch partition=debug',
  ];
  static override flags = {
    backend: pipelineFlags.backend,
    probe: Flags.boolean({
      description: 'Slurm: send a one-minute job that looks around on a node, and wait for what it tells.',
    }),
    timeout: Flags.string({
      helpValue: 'DURATION',
      default: '10m',
      description: 'How long to wait for that job, which is then cancelled, as it is by Ctrl-C.',
    }),
    sbatch: pipelineFlags.sbatch,
    listen: pipelineFlags.listen,
    ship: pipelineFlags.ship,
  };

  override async run(): Promise<Examined> {
    const { flags } = await this.parse(Doctor);
    const patienceMs = patienceOf(flags.timeout);
    const { config, problem } = await readConfig();
    const chosen = chooseBackend({ flag: flags.backend, config: config.backend });
    if (flags.probe && chosen.backend !== 'slurm') {
      throw new OutflowError(
        'bad-flag',
        `--probe is for the backend slurm, and this one is ${chosen.backend} (${whyText(chosen)})`,
        {
          hint: 'add --backend slurm, or leave --probe out',
        },
      );
    }
    const slurm = slurmSettings(chosen, { flags: flags as OwnFlagValues, config, environment: process.env });
    const { examine } = await import('../doctor/examine.ts');
    const told: FindingGroup[] = [];
    const tell = (group: FindingGroup): void => {
      if (!this.jsonEnabled()) process.stdout.write(`${groupLines(group, paintFor(process.stdout)).join('\n')}\n`);
    };
    surviveBrokenPipe();
    if (problem !== null) {
      told.push(problem);
      tell(problem);
    }
    const { groups, node } = await examine({
      database: process.env['OUTFLOW_DATABASE_URL'] || config.database,
      idleMs: config.idleMs,
      slurm,
      probe: flags.probe ? { patienceMs } : null,
      onGroup: tell,
    });
    told.push(...groups);
    const ok = !told.some(({ findings }) => lacks(findings));
    if (!ok) process.exitCode = 1;
    if (!this.jsonEnabled()) process.stdout.write(`${verdictLine(told, paintFor(process.stdout))}\n`);
    return { ok, backend: chosen.backend, groups: told, node };
  }
}

function patienceOf(text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if (ms !== undefined && ms > 0) return ms;
  throw new OutflowError('bad-flag', `--timeout must be a duration, not '${text}'`, { hint: 'for example 90s, 10m, 1h' });
}

/** One that cannot be read is something to be found, as all else is. */
async function readConfig(): Promise<{ config: Config; problem: FindingGroup | null }> {
  try {
    return { config: await loadConfig({ cwd: process.cwd() }), problem: null };
  } catch (error) {
    if (!isOutflowError(error)) throw error;
    return {
      config: { databases: {} },
      problem: { title: 'configuration', findings: [missingBy('outflow.config', error)] },
    };
  }
}
