// From what the user typed to a pipeline that is found, bundled and loaded in its plan host; what can go on at once does.
import path from 'node:path';
import { type Bundle, bundlePipeline } from './bundle.ts';
import { type Config, loadConfig } from './config.ts';
import { findPipelineFile, localPipelineFile } from './find.ts';
import { materializeBundle } from './materialize.ts';
import { openPlanHost, type PlanHost } from './plan-client.ts';

export interface LoadPipeline {
  cwd: string;
  /** `-p FILE`. */
  pipelineFlag?: string | undefined;
  signal?: AbortSignal | undefined;
  /** One that was opened before; it is closed when loading fails. */
  host?: PlanHost | undefined;
  /** Takes what user code prints; by default this process's stderr. */
  output?: ((chunk: Buffer) => void) | undefined;
}

export interface LoadedPipeline {
  /** The pipeline file as it was named, absolute. */
  file: string;
  /** Real directory of the pipeline file; `import.meta.dirname` of the user's code begins with it. */
  dir: string;
  config: Config;
  bundle: Bundle & { script: string };
  /** Has the pipeline loaded. The caller closes it. */
  host: PlanHost;
}

/** Errors of finding, bundling, loading and of the configuration; then no host is left. */
export async function loadPipeline({ cwd, pipelineFlag, signal, output, host: opened }: LoadPipeline): Promise<LoadedPipeline> {
  const host = opened ?? openPlanHost({ cwd, signal, output });
  try {
    const found = pipelineFlag === undefined ? localPipelineFile(cwd) : findPipelineFile({ cwd, flag: pipelineFlag });
    const configuring = loadConfig({ cwd, signal, host });
    const bundling = found === undefined ? undefined : bundleAndWrite(found, signal);
    const [config, early] = await Promise.all([configuring, bundling]);
    const file = found ?? configuredFile(cwd, config);
    const bundle = early ?? (await bundleAndWrite(file, signal));
    await host.load({ ...bundle, file });
    return { file: path.resolve(file), dir: bundle.pipelineDir, config, bundle, host };
  } catch (error) {
    await host.close();
    throw error;
  }
}

function configuredFile(cwd: string, { file, pipeline }: Config): string {
  return findPipelineFile({
    cwd,
    configured: file !== undefined && pipeline !== undefined ? { pipeline, configFile: file } : undefined,
  });
}

async function bundleAndWrite(file: string, signal: AbortSignal | undefined): Promise<Bundle & { script: string }> {
  const bundle = await bundlePipeline(file, { signal });
  const script = await materializeBundle(bundle);
  return { ...bundle, script };
}
