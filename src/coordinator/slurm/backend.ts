// What a run on Slurm has besides the local agent: jobs, a port that their agents dial, tunnels to its databases.
import type { SlurmSettings } from '../../plan/slurm.ts';
import { Slurm } from '../../provider/slurm/index.ts';
import type { RunRecord } from '../../store/types.ts';
import { privateDir } from '../../system/home.ts';
import { selfCommand } from '../../system/self.ts';
import { jobOutputIn, sharedRunDir } from '../../system/shared-files.ts';
import type { Pools } from '../pools.ts';
import { Tunnels } from '../tunnels/tunnels.ts';
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
  const directory = sharedRunDir(settings.sharedDir, record.id, () => record.runDir);
  const rendezvous = await makeRendezvous(record.id, directory, settings.listen);
  const self = selfCommand('agent', '--join', rendezvous.joinFile, '--allocation');
  const jobs = new SlurmJobs({
    slurm: new Slurm(),
    run: record.id,
    pools,
    agent: [self.command, ...self.args],
    cwd: record.workdir,
    outputDir: privateDir(jobOutputIn(directory)),
    ...events,
  });
  return { jobs, rendezvous, tunnels: new Tunnels(databases, settings.databaseConnections) };
}
