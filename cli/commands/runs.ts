// `outflow runs`: the runs, newest first.
import * as Flags from '@oclif/core/flags';
import { formatDuration } from '../../src/base/duration.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { OutflowCommand } from '../base-command.ts';
import { withStore } from '../open-store.ts';
import { withTrueState } from '../run-arg.ts';
import { argsText } from '../text/args-text.ts';
import { ago, cut } from '../text/format.ts';
import { stateText } from '../text/state-text.ts';
import { type Paint, paintFor } from '../text/style.ts';
import { table } from '../text/table.ts';

interface ListedRun {
  run: string;
  state: string;
  /** All of its allocations wait in Slurm's queue. */
  waits: boolean;
  command: string;
  backend: string;
  pipeline: string;
  startedAt: string;
  endedAt: string | null;
}

export default class Runs extends OutflowCommand {
  static override summary = 'List the runs, newest first.';
  static override examples = ['<%= config.bin %> runs --limit 50'];
  static override flags = { limit: Flags.integer({ default: 20, min: 1, helpValue: 'N', description: 'How many runs.' }) };

  override async run(): Promise<{ runs: ListedRun[] }> {
    const { flags } = await this.parse(Runs);
    const runs = (await withStore((store) => store.listRuns({ limit: flags.limit }))).map(withTrueState);
    if (!this.jsonEnabled()) print(runs, paintFor(process.stdout));
    return { runs: runs.map(asData) };
  }
}

function print(runs: readonly RunSummary[], paint: Paint): void {
  if (runs.length === 0) {
    process.stderr.write('no runs yet; start one: outflow run COMMAND\n');
    return;
  }
  const heads = ['RUN', 'STATE', 'COMMAND', 'BACKEND', 'STARTED'].map((head) => ({ head }));
  const rows = runs.map((summary) => rowOf(summary, paint));
  const lines = table([...heads, { head: 'TOOK', right: true }], rows, paint);
  process.stdout.write(`${lines.join('\n')}\n`);
  const orphan = runs.find((summary) => summary.state === 'orphaned');
  if (orphan) process.stderr.write(paint('dim', `an orphaned run is finished by: outflow resume ${orphan.record.id}\n`));
}

function rowOf({ record, state, endedAt, waits }: RunSummary, paint: Paint): string[] {
  const took = endedAt === null ? '' : formatDuration(endedAt.getTime() - record.createdAt.getTime());
  const command = cut(record.command + argsText(record.args), 40);
  const shown = stateText(state, paint) + (waits && state === 'running' ? paint('dim', ', waits for Slurm') : '');
  return [record.id, shown, command, record.backend, ago(Date.now() - record.createdAt.getTime()), took];
}

function asData({ record, state, endedAt, waits }: RunSummary): ListedRun {
  const { id: run, command, backend, pipelineFile: pipeline, createdAt } = record;
  return {
    run,
    state,
    waits,
    command,
    backend,
    pipeline,
    startedAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
