// From a chosen command to a run that is accepted: stored, with its environment, and held by a coordinator of its own.
import { hostname } from 'node:os';
import path from 'node:path';
import type { PreparedCoordinator } from '../../src/coordinator/launch.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { RunRecord } from '../../src/store/types.ts';
import { writePrivateFile } from '../../src/system/home.ts';
import { withoutSecrets } from '../../src/system/secrets.ts';
import { userName } from '../../src/system/user.ts';
import type { OpenStore } from '../open-store.ts';
import { chooseBackend } from './backend.ts';
import { prepareDatabases } from './databases.ts';
import type { Chosen } from './pipeline-command.ts';
import { slurmSettings } from './slurm-settings.ts';

export interface AcceptedRun {
  record: RunRecord;
  plan: Plan;
  /** Of the coordinator that holds the run. */
  address: string;
}

/**
 * `opening`: the store, which may still be being opened. The plan host is closed as soon as the plan is there. `meanwhile`: done
 * while the coordinator takes the run.
 */
export async function acceptRun(
  { pipeline, command, args, flags }: Chosen,
  opening: Promise<OpenStore>,
  coordinator: PreparedCoordinator,
  meanwhile: () => void,
): Promise<AcceptedRun> {
  const { config, dir, file, bundle, host } = pipeline;
  const chosen = chooseBackend({ flag: flags.backend, command: command.backend, config: config.backend });
  const slurm = slurmSettings(chosen, { flags, config, environment: process.env });
  const [{ plan, planHash }, { store, url }] = await Promise.all([host.plan(command.name, args), opening]);
  const closing = host.close();
  const [databases] = await Promise.all([
    prepareDatabases({ dir, configured: config.databases, storeUrl: url }),
    slurm && import('./check-slurm.ts').then(({ checkSlurm }) => checkSlurm(plan, slurm)), // only then: others start without it
  ]);
  const workers = flags.workers ?? config.workers ?? null;
  const record: RunRecord = {
    id: coordinator.run,
    createdAt: new Date(),
    command: command.name,
    pipelineFile: file,
    workdir: process.cwd(),
    args: plan.args,
    plan: JSON.stringify(plan),
    planHash,
    bundleHash: bundle.hash,
    backend: chosen.backend,
    workers: chosen.backend === 'parallel' ? workers : null,
    slurm,
    runDir: coordinator.runDir,
    host: hostname(),
    user: userName() ?? `uid ${process.getuid?.()}`,
    outflowVersion: __OUTFLOW_VERSION__,
  };
  await Promise.all([
    store.createRun(record, bundle.bytes),
    writePrivateFile(path.join(coordinator.runDir, 'environment.json'), JSON.stringify(withoutSecrets())),
  ]);
  const starting = coordinator.start({ databaseUrl: url, databases });
  meanwhile();
  const { address } = await starting;
  await closing;
  return { record, plan, address };
}
