// `outflow completions SHELL`: what makes a shell complete outflow's command lines.
import * as Args from '@oclif/core/args';
import { OutflowCommand } from '../base-command.ts';
import { SHELLS } from '../completion/scripts.ts';

export default class Completions extends OutflowCommand {
  static override summary = 'Print what makes a shell complete commands, flags and the commands of a pipeline.';
  static override description =
    'For bash, in ~/.bashrc: eval "$(outflow completions bash)". For zsh the same in ~/.zshrc, after compinit. For fish: outflow completions fish | source.';
  static override examples = ['eval "$(<%= config.bin %> completions bash)"', '<%= config.bin %> completions fish | source'];
  static override args = {
    shell: Args.string({ required: true, options: Object.keys(SHELLS), description: 'bash, zsh or fish.', ignoreStdin: true }),
  };

  override async run(): Promise<{ script: string }> {
    const { args } = await this.parse(Completions);
    const script = SHELLS[args.shell as keyof typeof SHELLS];
    if (!this.jsonEnabled()) process.stdout.write(script);
    return { script };
  }
}
