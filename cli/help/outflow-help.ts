// oclif's help with our usage lines, the exit codes, and the commands of a pipeline file.
import type { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { CommandHelp, Help } from '@oclif/core/help';
import { EXIT_CODES } from '../../src/model/errors.ts';
import type { CommandDescription } from '../../src/sdk/internal.ts';
import { commandUsage } from '../pipeline/usage.ts';
import { argumentHelpFlags, escapeTemplate } from './argument-help.ts';
import type { DescribedPipeline } from './describe-pipeline.ts';

export class OutflowHelp extends Help {
  protected override CommandHelpClass = OutflowCommandHelp;

  constructor(config: Config) {
    super(config, { flagSortOrder: 'none', docopts: false, hideCommandSummaryInDescription: true });
  }

  /** `outflow run --help`: the flags of the verb, and which commands the pipeline here has. */
  async showVerb(command: Command.Loadable, pipeline: DescribedPipeline): Promise<void> {
    await this.showCommandHelp(command);
    this.log(this.pipelineSection(command.id, pipeline));
  }

  /** `outflow run compute_data --help`: the command's arguments, then outflow's own flags. */
  showPipelineCommand(verb: Command.Loadable, described: CommandDescription): void {
    const { json, ...own } = verb.flags;
    const grouped = Object.entries(own).map(([name, flag]) => [name, { ...flag, helpGroup: 'OUTFLOW' }]);
    const text = escapeTemplate(described.description ?? `The command ${described.name} of the pipeline.`);
    const augmented: Command.Loadable = {
      ...verb,
      args: {},
      description: text.includes('\n') ? text : undefined,
      examples: [],
      usage: commandUsage(verb.id, described),
      flags: { ...argumentHelpFlags(described.flags), ...Object.fromEntries(grouped), ...(json && { json }) },
    };
    this.log(`${text.split('\n', 1)[0]}\n`);
    this.log(`${this.formatCommand(augmented)}\n`);
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const rows = Object.values(EXIT_CODES).map(({ code, meaning }): [string, string] => [String(code), meaning]);
    this.log(`${this.section('EXIT CODES', rows)}\n`);
  }

  private pipelineSection(verb: string, { file, commands, problem }: DescribedPipeline): string {
    if (problem !== undefined)
      return this.section(`COMMANDS OF ${file ?? 'THE PIPELINE'}`, `It cannot be read: ${escapeTemplate(problem)}\n`);
    if (file === undefined)
      return this.section('COMMANDS', 'There is no pipeline.ts here: name one with -p FILE to see its commands.\n');
    const rows = commands.map((one): [string, string] => [one.name, escapeTemplate(one.description?.split('\n', 1)[0] ?? '')]);
    const more = `Arguments of each: outflow ${verb} COMMAND --help`;
    return `${this.section(`COMMANDS OF ${file}`, rows)}\n\n  ${more}\n`;
  }
}

/** `outflow status [RUN] [flags]` rather than a line of all flags. */
class OutflowCommandHelp extends CommandHelp {
  protected override defaultUsage(): string {
    return `${super.defaultUsage()} [flags]`;
  }
}
