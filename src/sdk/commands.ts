// The commands of a pipeline file, found by brand, and their description as plain data for the CLI.
import { OutflowError } from '../model/errors.ts';
import { RESERVED_FLAGS } from '../model/reserved-flags.ts';
import type { Backend } from '../plan/plan.ts';
import { commandDefinitionOf, outflowVersion } from './command.ts';
import { type CommandDefinition, DEFINITION_FORMAT, type FlagDefinition, type FlagKind } from './definition.ts';

export interface FlagDescription {
  name: string;
  kind: FlagKind;
  required: boolean;
  multiple: boolean;
  default?: unknown;
  description?: string;
  /** Of kind `option`. */
  options?: string[];
  min?: number;
  max?: number;
}

export interface CommandDescription {
  name: string;
  description?: string;
  backend?: Backend;
  flags: FlagDescription[];
}

/** The commands that a pipeline module exports, by export name. Throws `no-commands`; `bad-definition` where another version of outflow made them. */
export function commandsOf(module: Readonly<Record<string, unknown>>): Record<string, CommandDefinition> {
  const own = foundIn(module);
  // A bundle in CommonJS form shows its exports as members of `default`.
  const inner = module['default'];
  const commands =
    Object.keys(own).length > 0 || typeof inner !== 'object' || inner === null ? own : foundIn(inner as Record<string, unknown>);
  if (Object.keys(commands).length > 0) return commands;
  const names = Object.keys(module).filter((name) => name !== 'default' && name !== '__esModule');
  throw new OutflowError(
    'no-commands',
    `the pipeline file exports no command${names.length === 0 ? '' : ` (it exports ${names.join(', ')})`}`,
    {
      hint: 'export one: export const my_command = command({ setup: () => … })',
    },
  );
}

function foundIn(exports: Readonly<Record<string, unknown>>): Record<string, CommandDefinition> {
  const commands: Record<string, CommandDefinition> = {};
  for (const [name, value] of Object.entries(exports)) {
    const definition = commandDefinitionOf(value);
    if (definition === undefined) continue;
    if (definition.format !== DEFINITION_FORMAT) throw ofAnotherOutflow(name, definition);
    commands[name] = definition;
  }
  return commands;
}

function ofAnotherOutflow(name: string, { version }: CommandDefinition): OutflowError {
  return new OutflowError(
    'bad-definition',
    `command ${name} was made by outflow ${version ?? 'of an early version'}; this is outflow ${outflowVersion}, which cannot run it`,
    {
      hint: `is there an outflow in the pipeline's node_modules? Remove it, or install the one that runs it (npm install outflow@${outflowVersion}); a run that was submitted by another version is run by that one`,
    },
  );
}

/** Plain data (JSON) of a command's flags. Throws `reserved-name`. */
export function describeCommand(name: string, definition: CommandDefinition): CommandDescription {
  const { description, backend } = definition;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(backend === undefined ? {} : { backend }),
    flags: Object.entries(definition.args).map(([flag, each]) => describeFlag(name, flag, each)),
  };
}

function describeFlag(command: string, name: string, { options, ...rest }: FlagDefinition): FlagDescription {
  if (RESERVED_FLAGS.has(name) || RESERVED_FLAGS.has(name.replaceAll('_', '-'))) {
    throw new OutflowError(
      'reserved-name',
      `argument \`${name}\` of command ${command} has the name of one of outflow's own flags`,
      {
        hint: `give it another name; taken are ${[...RESERVED_FLAGS].join(', ')}`,
      },
    );
  }
  return { name, ...rest, ...(options === undefined ? {} : { options: [...options] }) };
}
