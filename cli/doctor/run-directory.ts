// The directory of a run on Slurm, which all nodes must see: the join file, job scripts' output.
import { rmSync } from 'node:fs';
import { isOutflowError } from '../../src/model/errors.ts';
import type { SlurmSettings } from '../../src/plan/slurm.ts';
import { privateDir } from '../../src/system/home.ts';
import { fileSystemOf, isNetwork } from './file-system.ts';
import { type Finding, missing, missingBy, ok, warning } from './finding.ts';
import { probeDirectory } from './probe/probe.ts';
import { tryWriting } from './try-writing.ts';

/** `isProbed`: a node tells whether it sees it. */
export function runDirectoryFinding(settings: SlurmSettings, isProbed: boolean): Finding {
  let directory: string | undefined;
  try {
    directory = probeDirectory(settings);
    tryWriting(privateDir(directory));
    const { kind } = fileSystemOf(directory);
    const where = settings.sharedDir === null ? 'runs of the state root' : settings.sharedDir;
    if (isProbed || kind === null || isNetwork(kind)) return ok('directory', kind === null ? where : `${where}, ${kind}`);
    return warning(
      'directory',
      `${where}, ${kind}: do the nodes see it?`,
      '--probe tells; if they do not, name one that they do: `slurm.sharedDir` in outflow.config',
    );
  } catch (error) {
    if (!isOutflowError(error) || settings.sharedDir === null) return missingBy('directory', error);
    return missing(
      'directory',
      error.message,
      'let `slurm.sharedDir` in outflow.config name one that you may write, on all nodes',
    );
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}
