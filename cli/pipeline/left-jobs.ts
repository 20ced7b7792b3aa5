// Jobs that a run has left in Slurm: its coordinator was killed after the run's end, before they were gone.
import { jobName } from '../../src/coordinator/slurm/job.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { counted } from '../text/format.ts';

/** Ends them, and says so where there were any. Nothing for a run that has not ended: its coordinator sees to them. */
export async function tellOfLeftJobs({ record, endedAt }: RunSummary): Promise<void> {
  if (record.backend !== 'slurm' || endedAt === null) return;
  const { Slurm } = await import('../../src/provider/slurm/index.ts');
  const slurm = new Slurm();
  const jobs = await slurm.jobsNamed(jobName(record.id, ''));
  if (jobs.length === 0) return;
  await slurm.cancel(jobs);
  process.stderr.write(`${counted(jobs.length, 'job')} that run ${record.id} had left in Slurm: cancelled\n`);
}
