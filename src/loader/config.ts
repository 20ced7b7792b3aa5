// Finds and reads the configuration file. JSON and YAML are data; TypeScript and JavaScript are user code, run by the plan host.
import { readFileSync } from 'node:fs';
import { fromErrorData, isOutflowError, OutflowError } from '../model/errors.ts';
import { bundlePipeline } from './bundle.ts';
import type { Config } from './config-schema.ts';
import { findConfigFile } from './find.ts';
import { materializeBundle } from './materialize.ts';
import { openPlanHost, type PlanHost } from './plan-client.ts';

export type { Config };

export interface LoadConfig {
  cwd: string;
  signal?: AbortSignal | undefined;
  /** Runs a configuration that is code; without one a host is started and ended here. */
  host?: PlanHost | undefined;
}

/** The nearest configuration at or above `cwd`. Error `bad-config`; of one that is code also those of bundling. */
export async function loadConfig({ cwd, signal, host }: LoadConfig): Promise<Config> {
  const file = findConfigFile(cwd);
  if (file === undefined) return { databases: {} };
  const content = /\.[cm]?[jt]s$/.test(file) ? await runConfig(file, signal, host) : await readConfig(file);
  const { checkConfig } = await import('./config-schema.ts'); // zod takes 20 ms, which most commands can do without
  return checkConfig(file, content);
}

async function readConfig(file: string): Promise<unknown> {
  try {
    const text = readFileSync(file, 'utf8');
    if (!file.endsWith('.yaml')) return JSON.parse(text);
    const { parseYaml } = await import('./config-schema.ts');
    return parseYaml(text) ?? {};
  } catch (cause) {
    throw new OutflowError('bad-config', `the configuration ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function runConfig(file: string, signal: AbortSignal | undefined, given: PlanHost | undefined): Promise<unknown> {
  const host = given ?? openPlanHost({ signal });
  try {
    const bundle = await bundlePipeline(file, { signal });
    const script = await materializeBundle(bundle);
    return await host.config({ script, pipelineDir: bundle.pipelineDir, file });
  } catch (error) {
    // The same faults as a pipeline's, but it is another file that has to be mended.
    if (!isOutflowError(error) || !['pipeline-syntax', 'pipeline-throws', 'pipeline-unbundled'].includes(error.code)) throw error;
    throw fromErrorData({ ...error.toJSON(), code: 'bad-config' });
  } finally {
    if (given === undefined) await host.close();
  }
}
