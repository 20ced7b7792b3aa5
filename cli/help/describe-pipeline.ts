// What a pipeline file offers, for the help: its commands, or why they cannot be told.
import path from 'node:path';
import { loadPipeline } from '../../src/loader/load-pipeline.ts';
import { isOutflowError } from '../../src/model/errors.ts';
import type { CommandDescription } from '../../src/sdk/internal.ts';

export interface DescribedPipeline {
  /** Relative to here; undefined: there is none. */
  file: string | undefined;
  commands: CommandDescription[];
  /** Why the file could not be read. */
  problem?: string;
}

/** With `must` (a command was named) a file that cannot be loaded is an error; else it is only told. */
export async function describePipeline(pipelineFlag: string | undefined, must: boolean): Promise<DescribedPipeline> {
  try {
    const pipeline = await loadPipeline({ cwd: process.cwd(), pipelineFlag });
    try {
      return { file: path.relative(process.cwd(), pipeline.file), commands: await pipeline.host.describe() };
    } finally {
      await pipeline.host.close();
    }
  } catch (error) {
    if (!isOutflowError(error) || must) throw error;
    if (error.code === 'no-pipeline-file' && pipelineFlag === undefined) return { file: undefined, commands: [] };
    return { file: pipelineFlag, commands: [], problem: error.message.split('\n', 1)[0] as string };
  }
}
