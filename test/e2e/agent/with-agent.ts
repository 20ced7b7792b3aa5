// One agent against one scripted coordinator, for one test; neither is left behind.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '../../../src/system/processes.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

export const PIPELINE = path.join(import.meta.dirname, 'fixtures', 'pipeline.ts');

const JOB = {
  SLURM_JOB_ID: '71',
  SLURM_JOB_PARTITION: 'debug',
  SLURM_NODEID: '0',
  SLURM_JOB_CPUS_PER_NODE: '2',
  SLURM_STEP_ID: '0',
  PMIX_RANK: '0',
};

export interface Options {
  command?: string;
  args?: Record<string, unknown>;
  workers?: number;
  environment?: NodeJS.ProcessEnv;
  /** Started as by a job script, with these variables of Slurm's: what it offers is what they grant. */
  job?: NodeJS.ProcessEnv;
  /** The join file appears only after the agent. */
  startsEarly?: boolean;
  prepare?(coordinator: ScriptedCoordinator): void;
}

export async function withAgent(options: Options, work: (coordinator: ScriptedCoordinator) => Promise<void>): Promise<void> {
  const coordinator = await ScriptedCoordinator.create(PIPELINE, options.command ?? 'acts', options.args);
  try {
    options.prepare?.(coordinator);
    const told = options.job ? {} : { workers: options.workers ?? 2, allocation: 'a1' };
    if (!options.startsEarly) coordinator.writeJoinFile(told);
    const environment = { ...process.env, ...(options.job && { ...JOB, ...options.job }), ...options.environment };
    coordinator.start(environment, ...(options.job ? ['--allocation', '1-1.0'] : []));
    if (options.startsEarly) coordinator.writeJoinFile(told);
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
