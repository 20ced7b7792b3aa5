// `outflow plan`: what would run, and why so; runs nothing.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as Flags from '@oclif/core/flags';
import { toDot, toMermaid } from '../../src/plan/describe.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type ChosenBackend, chooseBackend, whyText } from '../pipeline/backend.ts';
import { takeHeadStart } from '../pipeline/begun.ts';
import { clampWarnings } from '../pipeline/clamp-warnings.ts';
import { commandArg, pipelineFlags } from '../pipeline/flags.ts';
import { type Chosen, PipelineCommand } from '../pipeline/pipeline-command.ts';
import { slurmSettings } from '../pipeline/slurm-settings.ts';
import { askSlurm, refuseImpossible } from '../plan/ask-slurm.ts';
import { type KnownUnits, knownUnits } from '../plan/element-count.ts';
import { planTree } from '../plan/render-plan.ts';
import { slurmLines, slurmWarnings } from '../plan/render-slurm.ts';
import type { SlurmPlan } from '../plan/slurm-plan.ts';
import { argsText } from '../text/args-text.ts';
import { counted } from '../text/format.ts';
import { type Paint, paintFor } from '../text/style.ts';
import { warningLines } from '../text/warnings.ts';

interface Planned {
  command: string;
  pipeline: string;
  planHash: string;
  backend: ChosenBackend;
  /** CPU slots here; null: not a local backend. */
  workers: number | null;
  units: KnownUnits;
  /** Packages and add-ons that are not in the bundle: they are loaded where the pipeline runs. */
  externals: string[];
  warnings: string[];
  /** Null: another backend. */
  slurm: SlurmPlan | null;
  plan: Plan;
}

export default class PlanCommand extends PipelineCommand {
  static override summary = 'Show what a command would run, and run nothing.';
  static override description =
    'The steps as a tree: what each takes from where, what is mapped over what; the backend and why that one; the hash of the plan, which is the same for the same code and arguments. With the Slurm backend also the allocations: their shape and why that one, CPU-hours at most, each directive and who said it, the call to sbatch and the script.';
  static override examples = [
    '<%= config.bin %> plan compute_data --multiplier 3',
    '<%= config.bin %> plan compute_data --multiplier 3 --graph mermaid',
    '<%= config.bin %> plan compute_data --multiplier 3 --backend slurm --test-only',
  ];
  static override args = commandArg;
  static override flags = {
    ...pipelineFlags,
    graph: Flags.string({
      options: ['mermaid', 'dot'],
      helpValue: 'mermaid|dot',
      description: 'Print the graph in that language instead.',
    }),
    'test-only': Flags.boolean({ description: 'Slurm: also ask when the allocations would start. Submits nothing.' }),
  };

  override async run(): Promise<Planned> {
    const start = takeHeadStart();
    try {
      const chosen = await this.choose(await start.pipeline);
      const { plan, planHash } = await chosen.pipeline.host.plan(chosen.command.name, chosen.args);
      const planned = await describe(chosen, plan, planHash);
      if (!this.jsonEnabled()) process.stdout.write(`${textOf(planned, chosen.flags.graph)}\n`);
      if (planned.slurm !== null) refuseImpossible(planned.slurm);
      return planned;
    } catch (error) {
      throw start.causeOf(error);
    } finally {
      await start.discard();
    }
  }
}

async function describe({ pipeline, command, flags }: Chosen, plan: Plan, planHash: string): Promise<Planned> {
  const { config, file } = pipeline;
  const backend = chooseBackend({ flag: flags.backend, command: command.backend, config: config.backend });
  const workers =
    backend.backend === 'slurm'
      ? null
      : ((backend.backend === 'parallel' ? (flags.workers ?? config.workers) : null) ?? availableParallelism());
  const settings = slurmSettings(backend, { flags, config, environment: process.env });
  const slurm = settings && (await askSlurm(plan, settings, { testOnly: flags['test-only'] ?? false }));
  const { externals } = pipeline.bundle;
  const warnings = [
    ...pipeline.bundle.warnings,
    ...(workers === null ? [] : clampWarnings(plan, workers)),
    ...(slurm === null ? [] : slurmWarnings(slurm)),
  ];
  const units = knownUnits(plan);
  return { command: command.name, pipeline: file, planHash, backend, workers, units, externals, warnings, slurm, plan };
}

const OUTSIDE = 'not in the bundle, must be installed beside the pipeline on each machine that runs it';

function textOf(planned: Planned, graph: string | undefined): string {
  if (graph === 'mermaid') return toMermaid(planned.plan).trimEnd();
  if (graph === 'dot') return toDot(planned.plan).trimEnd();
  const paint = paintFor(process.stdout);
  const slurm = planned.slurm === null ? [] : slurmLines(planned.slurm, paint);
  const warnings = planned.warnings.length === 0 ? [] : ['', ...warningLines(planned.warnings, paint)];
  return [...headLines(planned, paint), '', ...planTree(planned.plan, paint), ...slurm, ...warnings].join('\n');
}

function headLines({ command, pipeline, planHash, backend, workers, units, externals, plan }: Planned, paint: Paint): string[] {
  const slots =
    workers === null ? '' : `, ${counted(workers, 'CPU')}${backend.backend === 'sequential' ? ', one unit at a time' : ''}`;
  const later = units.unknown.map(({ step, after }) => `; those of ${step} after ${after}`).join('');
  return [
    paint('bold', `${command}${argsText(plan.args)}`),
    `  ${paint('dim', 'pipeline')}  ${path.relative(process.cwd(), pipeline) || pipeline}`,
    `  ${paint('dim', 'backend')}   ${backend.backend}${slots} (${whyText(backend)})`,
    `  ${paint('dim', 'units')}     ${units.known} known before the run${later}`,
    `  ${paint('dim', 'plan')}      ${planHash.slice(0, 16)}`,
    ...(externals.length === 0 ? [] : [`  ${paint('dim', 'outside')}   ${externals.join(', ')}: ${OUTSIDE}`]),
  ];
}
