// oclif's configuration from what is embedded in the program: no package.json, manifest or command is read from the disk.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import type { PJSON, Plugin } from '@oclif/core/interfaces';
import packageJson from '../package.json' with { type: 'json' };
import { LAZY_COMMANDS } from './lazy-commands.ts';
import manifestJson from './oclif.manifest.json' with { type: 'json' };

/** What oclif knows of the commands without loading one; a test keeps it true. */
const manifest = manifestJson as unknown as { commands: Record<string, Command.Cached> };
const root = path.dirname(fileURLToPath(import.meta.url));

/** Only what oclif reads of the package. */
const pjson = {
  name: packageJson.name,
  version: packageJson.version,
  description: packageJson.description,
  oclif: packageJson.oclif,
} as unknown as PJSON;

export async function loadConfig(): Promise<Config> {
  const plugins = new Map([[pjson.name, embeddedPlugin()]]);
  return Config.load({ root, pjson, plugins, userPlugins: false, devPlugins: false });
}

async function loadCommand(id: string): Promise<Command.Class> {
  const load = LAZY_COMMANDS[id];
  if (!load) throw new Error(`no command ${id} in the program`);
  const { default: command } = await load();
  command.id = id;
  return command;
}

function embeddedPlugin(): Plugin {
  const commands = Object.entries(manifest.commands).map(([id, cached]) => ({
    ...structuredClone(cached),
    load: () => loadCommand(id),
    pluginType: 'core',
  }));
  return {
    _base: '',
    alias: pjson.name,
    commandIDs: commands.map((command) => command.id),
    commands,
    commandsDir: undefined,
    findCommand: (id: string) => loadCommand(id),
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'commonjs',
    name: pjson.name,
    options: { root },
    pjson,
    root,
    topics: Object.entries(packageJson.oclif.topics).map(([name, topic]) => ({ name, ...topic })),
    type: 'core',
    valid: true,
    version: pjson.version,
  };
}
