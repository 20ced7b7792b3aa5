// What a run on Slurm has besides the local agent: jobs, a port that their agents dial, tunnels to its databases.
import { isOutflowError, OutflowError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';
import type { SlurmSettings } from '../../plan/slurm.ts';
import { Slurm } from '../../provider/slurm/index.ts';
import type { RunRecord } from '../../store/types.ts';
import { outflowHome, privateDir } from '../../system/home.ts';
import { jobOutputIn, programsIn, sharedRunDir } from '../../system/shared-files.ts';
import { SharedProgram } from '../../system/shared-program.ts';
import type { Pools } from '../pools.ts';
import { Tunnels } from '../tunnels/tunnels.ts';
import { GivenProgram } from './given-program.ts';
import { SlurmJobs, type SlurmJobsOptions } from './jobs.ts';
import { makeRendezvous, type Rendezvous } from './rendezvous.ts';

export interface SlurmBackendOptions extends Pick<SlurmJobsOptions, 'enqueue' | 'onEndKnown' | 'log' | 'notice'> {
  record: RunRecord;
  settings: SlurmSettings;
  pools: Pools;
  databases: Record<string, string>;
}

export interface SlurmBackend {
  readonly jobs: SlurmJobs;
  readonly program: GivenProgram;
  readonly rendezvous: Rendezvous;
  readonly tunnels: Tunnels;
}

export async function makeSlurmBackend({
  record,
  settings,
  pools,
  databases,
  ...events
}: SlurmBackendOptions): Promise<SlurmBackend> {
  const directory = madeIn(
    settings.sharedDir,
    sharedRunDir(settings.sharedDir, record.id, () => record.runDir),
  );
  const rendezvous = await makeRendezvous(record.id, directory, settings.listen);
  const shared = new SharedProgram(programsIn(settings.sharedDir, outflowHome));
  setInterval(() => shared.touch(), LIMITS.programTouchMs).unref();
  const program = new GivenProgram(shared, (text) => events.log('warn', text));
  const jobs = new SlurmJobs({
    slurm: new Slurm(),
    run: record.id,
    pools,
    program,
    agent: shared.command('agent', '--join', rendezvous.joinFile, '--allocation'),
    ship: settings.ship ?? 'path',
    cwd: record.workdir,
    outputDir: privateDir(jobOutputIn(directory)),
    ...events,
  });
  return { jobs, program, rendezvous, tunnels: new Tunnels(databases, settings.databaseConnections) };
}

/** What `sharedDir` does not allow is not for OUTFLOW_HOME to mend. */
function madeIn(sharedDir: string | null, directory: string): string {
  try {
    return privateDir(directory);
  } catch (error) {
    if (sharedDir === null || !isOutflowError(error)) throw error;
    const hint = 'let `slurm.sharedDir` in outflow.config name a directory that you may write, on all nodes';
    throw new OutflowError(error.code, error.message, { hint, cause: error });
  }
}
