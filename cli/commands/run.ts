// `outflow run`: submit and watch.
import { commandArg, pipelineFlags, quietFlag } from '../pipeline/flags.ts';
import { PipelineCommand } from '../pipeline/pipeline-command.ts';
import { submitRun } from '../pipeline/submission.ts';
import type { Outcome } from '../watch/outcome.ts';

export default class Run extends PipelineCommand {
  static override summary = 'Run a command of the pipeline and watch it to its end.';
  static override description =
    'Exit code 0 only if the run succeeded. Ctrl-C cancels the run, a second Ctrl-C ends it at once; a closed terminal leaves it going.';
  static override examples = [
    '<%= config.bin %> run compute_data --multiplier 3',
    '<%= config.bin %> run compute_data --multiplier 3 --backend parallel --workers 4',
    '<%= config.bin %> run compute_data --help',
  ];
  static override args = commandArg;
  static override flags = { ...pipelineFlags, ...quietFlag };

  override async run(): Promise<Outcome> {
    const watching = (): Promise<typeof import('../watch/watch-and-tell.ts')> => import('../watch/watch-and-tell.ts');
    const submission = await submitRun(
      (pipeline) => this.choose(pipeline),
      () => void watching(), // with gRPC: 50 ms
    );
    const { watchAndTell } = await watching();
    const { flags, ...accepted } = submission;
    // The store is left open: the process ends at once.
    return await watchAndTell({ ...accepted, quiet: flags.quiet ?? false, json: this.jsonEnabled() });
  }
}
