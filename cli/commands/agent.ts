// `outflow agent`: what a node runs. Started by providers; by hand on any host that reaches the coordinator.
import * as Flags from '@oclif/core/flags';
import { OutflowCommand } from '../base-command.ts';
import { runAgentOf } from '../run-agent.ts';

export default class Agent extends OutflowCommand {
  static override summary = 'Run an agent: it joins a run and executes its units.';
  static override description = 'outflow starts agents by itself. It ends when its coordinator has no more work for it.';
  static override examples = ['<%= config.bin %> agent --join FILE'];
  static override flags = {
    join: Flags.string({
      required: true,
      helpValue: 'FILE',
      description: 'The join file: where the coordinator is, and what proves who we are.',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Agent);
    process.exitCode = await runAgentOf(flags.join);
  }
}
