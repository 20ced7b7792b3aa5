// `outflow plan`: what would run, and why so; runs nothing.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as Flags from '@oclif/core/flags';
import { toDot, toMermaid } from '../../src/plan/describe.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type ChosenBackend, chooseBackend, whyText } from '../pipeline/backend.ts';
import { clampWarnings } from '../pipeline/clamp-warnings.ts';
import { commandArg, pipelineFlags } from '../pipeline/flags.ts';
import { causeOf, discard, takeHeadStart } from '../pipeline/head-start.ts';
import { type Chosen, PipelineCommand } from '../pipeline/pipeline-command.ts';
import { type KnownUnits, knownUnits } from '../plan/element-count.ts';
import { planTree } from '../plan/render-plan.ts';
import { argsText } from '../text/args-text.ts';
import { counted } from '../text/format.ts';
import { type Paint, paintFor } from '../text/style.ts';

interface Planned {
  command: string;
  pipeline: string;
  planHash: string;
  backend: ChosenBackend;
  /** CPU slots here; null: not a local backend. */
  workers: number | null;
  units: KnownUnits;
  warnings: string[];
  plan: Plan;
}

export default class PlanCommand extends PipelineCommand {
  static override summary = 'Show what a command would run, and run nothing.';
  static override description =
    'The steps as a tree: what each takes from where, what is mapped over what; the backend and why that one; the hash of the plan, which is the same for the same code and arguments.';
  static override examples = [
    '<%= config.bin %> plan compute_data --multiplier 3',
    '<%= config.bin %> plan compute_data --multiplier 3 --graph mermaid',
  ];
  static override args = commandArg;
  static override flags = {
    ...pipelineFlags,
    graph: Flags.string({
      options: ['mermaid', 'dot'],
      helpValue: 'mermaid|dot',
      description: 'Print the graph in that language instead.',
    }),
  };

  override async run(): Promise<Planned> {
    const start = takeHeadStart();
    try {
      const chosen = await this.choose(await start.pipeline);
      const { plan, planHash } = await chosen.pipeline.host.plan(chosen.command.name, chosen.args);
      const planned = describe(chosen, plan, planHash);
      if (!this.jsonEnabled()) process.stdout.write(`${textOf(planned, chosen.flags.graph)}\n`);
      return planned;
    } catch (error) {
      throw causeOf(error);
    } finally {
      await discard(start);
    }
  }
}

function describe({ pipeline, command, flags }: Chosen, plan: Plan, planHash: string): Planned {
  const { config, file } = pipeline;
  const backend = chooseBackend({ flag: flags.backend, command: command.backend, config: config.backend });
  const workers =
    backend.backend === 'slurm'
      ? null
      : ((backend.backend === 'parallel' ? (flags.workers ?? config.workers) : null) ?? availableParallelism());
  const warnings =
    workers === null
      ? ['this version of outflow cannot run it: the backend slurm is not available yet']
      : clampWarnings(plan, workers);
  return { command: command.name, pipeline: file, planHash, backend, workers, units: knownUnits(plan), warnings, plan };
}

function textOf(planned: Planned, graph: string | undefined): string {
  if (graph === 'mermaid') return toMermaid(planned.plan).trimEnd();
  if (graph === 'dot') return toDot(planned.plan).trimEnd();
  const paint = paintFor(process.stdout);
  return [...headLines(planned, paint), '', ...planTree(planned.plan, paint), ...warningLines(planned, paint)].join('\n');
}

function headLines({ command, pipeline, planHash, backend, workers, units, plan }: Planned, paint: Paint): string[] {
  const slots =
    workers === null ? '' : `, ${counted(workers, 'CPU')}${backend.backend === 'sequential' ? ', one unit at a time' : ''}`;
  const later = units.unknown.map(({ step, after }) => `; those of ${step} after ${after}`).join('');
  return [
    paint('bold', `${command}${argsText(plan.args)}`),
    `  ${paint('dim', 'pipeline')}  ${path.relative(process.cwd(), pipeline) || pipeline}`,
    `  ${paint('dim', 'backend')}   ${backend.backend}${slots} (${whyText(backend)})`,
    `  ${paint('dim', 'units')}     ${units.known} known before the run${later}`,
    `  ${paint('dim', 'plan')}      ${planHash.slice(0, 16)}`,
  ];
}

function warningLines({ warnings }: Planned, paint: Paint): string[] {
  return warnings.length === 0 ? [] : ['', ...warnings.map((text) => `${paint('yellow', 'warning:')} ${text}`)];
}
