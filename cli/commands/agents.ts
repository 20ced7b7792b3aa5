// `outflow agents`: the agents of a live run, as its coordinator knows them.
import type { AgentStatus } from '../../src/rpc/messages.ts';
import { agentLines } from '../agents/render-agents.ts';
import { OutflowCommand } from '../base-command.ts';
import { findLiveRun, liveRun } from '../live-run.ts';
import { withStore } from '../open-store.ts';
import { paintFor } from '../text/style.ts';
import { dialHolder } from '../watch/dial-holder.ts';

export default class Agents extends OutflowCommand {
  static override summary = 'List the agents of a live run.';
  static override description = 'Where they are, what they use and have done, and how much time they have left.';
  static override examples = ['<%= config.bin %> agents', '<%= config.bin %> agents 7k2m --json'];
  static override args = liveRun;

  override async run(): Promise<{ run: string; agents: AgentStatus[] }> {
    const { args } = await this.parse(Agents);
    const summary = await withStore((store) => findLiveRun(store, args.run));
    const run = summary.record.id;
    const client = await dialHolder(summary);
    try {
      const agents = await client.agents();
      if (!this.jsonEnabled()) print(run, agents);
      return { run, agents };
    } finally {
      client.close();
    }
  }
}

function print(run: string, agents: readonly AgentStatus[]): void {
  if (agents.length === 0) process.stderr.write(`run ${run} has no agent at the moment; see: outflow status ${run}\n`);
  else process.stdout.write(`${agentLines(agents, paintFor(process.stdout)).join('\n')}\n`);
}
