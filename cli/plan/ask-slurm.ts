// What `outflow plan` asks Slurm for: facts of nodes and partitions, and with --test-only when allocations would start.
import path from 'node:path';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { SlurmSettings } from '../../src/plan/slurm.ts';
import { Slurm } from '../../src/provider/slurm/index.ts';
import { outflowHome } from '../../src/system/home.ts';
import { jobOutputIn, joinFileIn, programsIn, sharedRunDir } from '../../src/system/shared-files.ts';
import { SharedProgram } from '../../src/system/shared-program.ts';
import { RUN, type SlurmPlan, slurmPlan } from './slurm-plan.ts';

export interface AskSlurm {
  testOnly?: boolean;
  signal?: AbortSignal;
}

/** Where Slurm does not answer, the plan says so and shows what is known without. */
export async function askSlurm(plan: Plan, settings: SlurmSettings, { testOnly, signal }: AskSlurm = {}): Promise<SlurmPlan> {
  const slurm = new Slurm(signal && { signal });
  const site = await slurm.site().catch((error: unknown) => ({ unasked: reasonOf(error) }));
  const directory = sharedRunDir(settings.sharedDir, RUN, () => path.join(outflowHome(), 'runs', RUN));
  const program = new SharedProgram(programsIn(settings.sharedDir, outflowHome));
  const agent = program.command('agent', '--join', joinFileIn(directory), '--allocation');
  const places = { cwd: process.cwd(), outputDir: jobOutputIn(directory), agent };
  const { planned, jobs } = slurmPlan(plan, settings, site, places);
  if (!testOnly) return planned;
  for (const [step, job] of jobs) {
    step.start = await slurm.testOnly(job).catch((error: unknown) => ({ ok: false, text: reasonOf(error) }));
  }
  return planned;
}

/** Error `unit-too-large` where a unit fits no node that it may get. */
export function refuseImpossible({ pools }: SlurmPlan): void {
  for (const { step, impossible } of pools.flatMap(({ steps }) => steps)) {
    if (impossible !== null)
      throw new OutflowError('unit-too-large', `${step}: ${impossible.message}`, { hint: impossible.hint });
  }
}

function reasonOf(error: unknown): string {
  if (isOutflowError(error)) return error.message;
  throw error;
}
