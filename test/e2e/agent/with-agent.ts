// One agent against one scripted coordinator, for one test; neither is left behind.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '../../../src/system/processes.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

export const PIPELINE = path.join(import.meta.dirname, 'fixtures', 'pipeline.ts');

export interface Options {
  command?: string;
  args?: Record<string, unknown>;
  workers?: number;
  environment?: NodeJS.ProcessEnv;
  /** The join file appears only after the agent. */
  startsEarly?: boolean;
  prepare?(coordinator: ScriptedCoordinator): void;
}

export async function withAgent(options: Options, work: (coordinator: ScriptedCoordinator) => Promise<void>): Promise<void> {
  const coordinator = await ScriptedCoordinator.create(PIPELINE, options.command ?? 'acts', options.args);
  try {
    options.prepare?.(coordinator);
    if (!options.startsEarly) coordinator.writeJoinFile(options.workers ?? 2);
    coordinator.start({ ...process.env, ...options.environment });
    if (options.startsEarly) coordinator.writeJoinFile(options.workers ?? 2);
    await coordinator.waitFor('the hello', () => coordinator.connections.at(-1)?.hellos.at(-1)?.more === false);
    await work(coordinator);
  } finally {
    await coordinator.close();
  }
}

/** An act of the fixture's tasks, as an element of their map. */
export function act(kind: string, more: Record<string, unknown> = {}): { act: Record<string, unknown> } {
  return { act: { do: kind, ...more } };
}

/** The output of the only task of a map's unit. */
export function outOf(result: { output?: string; failure?: unknown }): any {
  if (result.output === undefined) throw new Error(`failed: ${JSON.stringify(result.failure)}`);
  return JSON.parse(result.output)[0].out;
}

export function isLive(pid: number): boolean {
  return processIdentity(pid) !== null;
}

/** What was written to a file, once there is something. */
export function contentOf(coordinator: ScriptedCoordinator, file: string): Promise<string> {
  return coordinator.waitFor(`the file ${file}`, () => existsSync(file) && readFileSync(file, 'utf8'));
}
