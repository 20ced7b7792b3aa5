// The manifest of all commands and flags, made from the command classes as oclif makes it.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Plugin } from '@oclif/core/config';
import type { Manifest } from '@oclif/core/interfaces';
import { LAZY_COMMANDS } from '../../cli/lazy-commands.ts';
import packageJson from '../../package.json' with { type: 'json' };

export const manifestFile = path.resolve(import.meta.dirname, '../../cli/oclif.manifest.json');

/** As text, formatted as the project's other files are. */
export async function manifestText(): Promise<string> {
  const commands: Record<string, unknown> = {};
  for (const [id, load] of Object.entries(LAZY_COMMANDS)) commands[id] = (await load()).default;
  // oclif would look for the commands on the disk; ours are in one bundle.
  const plugin = new Plugin({ isRoot: true, pjson: withDiscovery(), root: import.meta.dirname, ignoreManifest: true } as never);
  Object.assign(plugin, { loadCommandsFromTarget: async () => commands });
  await plugin.load();
  const { commands: cached } = plugin.manifest as Manifest;
  const slim = Object.fromEntries(Object.entries(cached).map(([id, command]) => [id, withoutPlugin(command)]));
  return formatted(JSON.stringify({ commands: slim }, null, 2));
}

function withDiscovery(): unknown {
  const commands = { strategy: 'explicit', target: './none.js', identifier: 'COMMANDS' };
  return { ...packageJson, oclif: { ...packageJson.oclif, commands } };
}

function withoutPlugin(command: Manifest['commands'][string]): unknown {
  const { pluginAlias: _alias, pluginName: _name, pluginType: _type, enableJsonFlag: _json, ...kept } = command;
  return kept;
}

function formatted(json: string): string {
  const biome = path.resolve(import.meta.dirname, '../../node_modules/.bin/biome');
  return execFileSync(biome, ['format', `--stdin-file-path=${manifestFile}`], { input: json, encoding: 'utf8' });
}
