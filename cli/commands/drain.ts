// `outflow drain`: an agent takes no more units, ends those it runs, and leaves.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { OutflowError } from '../../src/model/errors.ts';
import { OutflowCommand } from '../base-command.ts';
import { findLiveRun } from '../live-run.ts';
import { withStore } from '../open-store.ts';
import { liveRunHelp } from '../run-arg.ts';
import { dialHolder } from '../watch/dial-holder.ts';

export default class Drain extends OutflowCommand {
  static override summary = 'Let an agent end what it runs, and go.';
  static override description = 'It takes no more units. Another is started where the run still needs one.';
  static override examples = ['<%= config.bin %> drain 1-1.0.5c41a2f9', '<%= config.bin %> drain 1-1.0.5c41a2f9 --run 7k2m'];
  static override args = {
    agent: Args.string({
      description: 'An agent, as `outflow agents` names it, or the beginning of its name.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { run: Flags.string({ helpValue: 'RUN', description: liveRunHelp }) };

  override async run(): Promise<{ run: string; agent: string }> {
    const { args, flags } = await this.parse(Drain);
    const summary = await withStore((store) => findLiveRun(store, flags.run));
    const run = summary.record.id;
    const client = await dialHolder(summary);
    try {
      const agent = theAgent(args.agent, await client.agents(), run);
      const error = await client.drain(agent);
      if (error !== '') throw new OutflowError('unknown-agent', error, { hint: `see them: outflow agents ${run}` });
      if (!this.jsonEnabled()) process.stderr.write(`agent ${agent} ends what it runs, and leaves; see: outflow agents ${run}\n`);
      return { run, agent };
    } finally {
      client.close();
    }
  }
}

function theAgent(typed: string, agents: readonly { id: string }[], run: string): string {
  const ids = agents.map(({ id }) => id);
  const [only, ...others] = ids.includes(typed) ? [typed] : ids.filter((id) => id.startsWith(typed));
  if (only !== undefined && others.length === 0) return only;
  const named = (some: readonly string[]): string => some.slice(0, 10).join(', ') + (some.length > 10 ? ' …' : '');
  if (only !== undefined)
    throw new OutflowError('unknown-agent', `${typed} is the beginning of several: ${named([only, ...others])}`);
  throw new OutflowError('unknown-agent', `run ${run} has no agent ${typed}`, {
    hint: ids.length > 0 ? `its agents: ${named(ids)}` : 'it has none at the moment',
  });
}
