// Before a run is accepted: whether this host has Slurm, whether nodes can be given the program, and whether each unit fits one of them.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { OutflowError } from '../../src/model/errors.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { SlurmSettings } from '../../src/plan/slurm.ts';
import { outflowHome } from '../../src/system/home.ts';
import { programsIn } from '../../src/system/shared-files.ts';
import { SharedProgram } from '../../src/system/shared-program.ts';
import { askSlurm, refuseImpossible } from '../plan/ask-slurm.ts';
import { slurmWarnings } from '../plan/render-slurm.ts';
import { printWarnings } from '../text/warnings.ts';

/** A controller that takes longer is not waited for: the coordinator asks as well. */
const PATIENCE_MS = 2_000;

/** Errors `slurm-failed`, `unit-too-large`, those of `SharedProgram.share`. */
export async function checkSlurm(plan: Plan, settings: SlurmSettings): Promise<void> {
  if (!isOnPath('sbatch')) {
    throw new OutflowError('slurm-failed', 'there is no sbatch on the PATH: this host cannot submit to Slurm', {
      hint: 'submit on a login node of the cluster, or use --backend parallel here',
    });
  }
  const program = new SharedProgram(programsIn(settings.sharedDir, outflowHome));
  const [planned] = await Promise.all([askSlurm(plan, settings, { signal: AbortSignal.timeout(PATIENCE_MS) }), program.share()]);
  refuseImpossible(planned);
  // As the steps before it may take long, it is said now what Slurm would say then.
  printWarnings(slurmWarnings(planned));
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
