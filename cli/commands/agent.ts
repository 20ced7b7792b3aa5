// `outflow agent`: what a node runs. Started by providers; by hand on any host that reaches the coordinator.
import * as Flags from '@oclif/core/flags';
import { OutflowCommand } from '../base-command.ts';
import { runAgentOf } from '../run-agent.ts';

export default class Agent extends OutflowCommand {
  static override summary = 'Run an agent: it joins a run and executes its units.';
  static override description = 'outflow starts agents by itself. It ends when its coordinator has no more work for it.';
  static override examples = ['<%= config.bin %> agent --join FILE', '<%= config.bin %> agent --join FILE --workers 4'];
  static override flags = {
    join: Flags.string({
      required: true,
      helpValue: 'FILE',
      description: 'The join file: where the coordinator is, and what proves who we are.',
    }),
    allocation: Flags.string({
      helpValue: 'ID',
      description: 'The allocation that this agent is part of; by default what the join file says, or none.',
    }),
    workers: Flags.integer({
      min: 1,
      helpValue: 'N',
      description:
        "CPU slots to offer; by default what the join file says, else what Slurm granted, else all of this process's CPUs.",
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Agent);
    const { join, allocation, workers } = flags;
    process.exitCode = await runAgentOf({
      joinFile: join,
      ...(allocation === undefined ? {} : { allocation }),
      ...(workers === undefined ? {} : { workers }),
    });
  }
}
