// `outflow submit`: starts a run and returns as soon as it is accepted.
import { commandArg, pipelineFlags } from '../pipeline/flags.ts';
import { PipelineCommand } from '../pipeline/pipeline-command.ts';
import { submitRun } from '../pipeline/submission.ts';
import { style } from '../text/style.ts';

interface Submitted {
  run: string;
  command: string;
  backend: string;
  planHash: string;
}

export default class Submit extends PipelineCommand {
  static override summary = 'Start a run and return as soon as it is accepted.';
  static override description = 'The run goes on when the terminal closes; the commands to follow it are printed.';
  static override examples = ['<%= config.bin %> submit compute_data --multiplier 3 --backend parallel'];
  static override args = commandArg;
  static override flags = pipelineFlags;

  override async run(): Promise<Submitted> {
    const { store, record } = await submitRun((pipeline) => this.choose(pipeline));
    await store.close();
    const { id: run, command, backend, planHash } = record;
    if (!this.jsonEnabled()) {
      process.stdout.write(`${run}\n`);
      process.stderr.write(`${followLines(run).join('\n')}\n`);
    }
    return { run, command, backend, planHash };
  }
}

function followLines(run: string): string[] {
  return [
    `accepted. Follow it:`,
    `  outflow status ${run}     ${style('dim', 'how far it is')}`,
    `  outflow logs ${run} -f    ${style('dim', "the tasks' lines as they come")}`,
    `  outflow cancel ${run}     ${style('dim', 'end it')}`,
  ];
}
