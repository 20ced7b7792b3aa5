// The commands of a pipeline file, found by brand, and their description as plain data for the CLI.
import { AssertionError } from '../base/assert.ts';
import type { Backend } from '../plan/plan.ts';
import type { CommandDefinition, FlagKind } from './definition.ts';

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

/** The commands that a pipeline module exports, by export name. Throws `no-commands`. */
export function commandsOf(_module: Readonly<Record<string, unknown>>): Record<string, CommandDefinition> {
  throw new AssertionError('not yet');
}

/** Plain data (JSON) of a command's flags. Throws `bad-definition` and `reserved-name`. */
export function describeCommand(_name: string, _definition: CommandDefinition): CommandDescription {
  throw new AssertionError('not yet');
}
