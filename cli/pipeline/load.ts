// Loads the pipeline that a command is about.
import { type LoadedPipeline, loadPipeline as load } from '../../src/loader/load-pipeline.ts';

export type { LoadedPipeline };

export function loadPipeline(pipelineFlag: string | undefined, signal?: AbortSignal): Promise<LoadedPipeline> {
  return load({ cwd: process.cwd(), pipelineFlag, signal });
}
