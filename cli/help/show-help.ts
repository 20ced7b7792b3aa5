// Help in oclif's manner, with what the pipeline adds: its commands, and a command's own arguments as flags.
import type { Config } from '@oclif/core/config';
import { standardizeIDFromArgv } from '@oclif/core/help';
import { firstPass, ownFlags, pickName } from '../pipeline/first-pass.ts';
import { OutflowHelp } from './outflow-help.ts';

const PIPELINE_COMMANDS = new Set(['plan', 'run', 'submit']);

export async function showHelp(config: Config, argv: string[]): Promise<void> {
  const help = new OutflowHelp(config);
  const words = argv.filter((word) => word !== '--help' && word !== '-h');
  const id = standardizeIDFromArgv([...words], config)[0] ?? '';
  const command = PIPELINE_COMMANDS.has(id) ? config.findCommand(id) : undefined;
  if (!command) return help.showHelp(words.filter((word) => !word.startsWith('-')));

  const pass = firstPass(words.slice(1), ownFlags(command.flags));
  const { describePipeline } = await import('./describe-pipeline.ts');
  const pipeline = await describePipeline(pass.pipeline, pass.words.length > 0);
  const picked = pickName(
    pass.words,
    pipeline.commands.map((described) => described.name),
  );
  const described = 'name' in picked ? pipeline.commands.find((one) => one.name === picked.name) : undefined;
  if (described) help.showPipelineCommand(command, described);
  else await help.showVerb(command, pipeline);
}
