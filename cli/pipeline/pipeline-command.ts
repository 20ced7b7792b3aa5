// What plan, run and submit share: from argv and a loaded pipeline to one of its commands, and that command's checked arguments.

import type { LoadedPipeline } from '../../src/loader/load-pipeline.ts';
import { suggestion } from '../../src/loader/nearest.ts';
import { OutflowError } from '../../src/model/errors.ts';
import type { CommandDescription } from '../../src/sdk/internal.ts';
import { OutflowCommand } from '../base-command.ts';
import { argumentFlags, argumentValues } from './argument-flags.ts';
import { type FirstPass, firstPass, ownFlags, pickName } from './first-pass.ts';
import { usageHint } from './usage.ts';

/** outflow's own flags, as plan, run and submit have them. */
export interface OwnFlagValues {
  pipeline?: string;
  backend?: string;
  workers?: number;
  quiet?: boolean;
  graph?: string;
  sbatch?: string[];
  'max-allocations'?: number;
  'nodes-per-allocation'?: number;
  listen?: string;
  ship?: string;
  'test-only'?: boolean;
}

export interface Chosen {
  pipeline: LoadedPipeline;
  command: CommandDescription;
  args: Record<string, unknown>;
  flags: OwnFlagValues;
}

export abstract class PipelineCommand extends OutflowCommand {
  #usage: string | undefined;

  protected override get usageHint(): string {
    return this.#usage ?? super.usageHint;
  }

  /** Errors `unknown-command`, `missing-argument`, `bad-argument`, `bad-flag`. */
  protected async choose(pipeline: LoadedPipeline): Promise<Chosen> {
    const pass = firstPass(this.argv, ownFlags(this.ctor.flags));
    const command = pickCommand(pass, await pipeline.host.describe(), pipeline.file, this.usageHint);
    this.#usage = usageHint(this.id ?? '', command);
    const { flags } = await this.parse({
      args: this.ctor.args,
      flags: { ...argumentFlags(command.flags), ...this.ctor.flags },
      enableJsonFlag: true,
    });
    const args = argumentValues(command, flags as Record<string, unknown>, this.#usage);
    return { pipeline, command, args, flags: flags as OwnFlagValues };
  }
}

function pickCommand(pass: FirstPass, commands: readonly CommandDescription[], file: string, usage: string): CommandDescription {
  const names = commands.map((command) => command.name);
  const picked = pickName(pass.words, names);
  const command = 'name' in picked ? commands.find((one) => one.name === picked.name) : undefined;
  if (command) return command;
  const unknown = 'unknown' in picked ? picked.unknown : undefined;
  if (unknown === undefined) {
    const hint = `commands of ${file}: ${names.join(', ')}\n${usage}`;
    throw new OutflowError('missing-argument', 'which command of the pipeline? None was named', { hint });
  }
  throw new OutflowError('unknown-command', `${file} has no command ${unknown}`, { hint: suggestion(unknown, names) });
}
