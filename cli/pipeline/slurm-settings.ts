// What a run on Slurm is accepted with: flags, the environment's SBATCH_* and the configuration, each checked; none on other backends.
import type { Config } from '../../src/loader/config.ts';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';
import { directivesOfEnvironment } from '../../src/plan/directive-environment.ts';
import { directivesOfFlags } from '../../src/plan/directive-names.ts';
import type { Shipping, SlurmSettings } from '../../src/plan/slurm.ts';
import { parseListen } from '../../src/rpc/addresses.ts';
import { isExecutable } from '../../src/system/embedded.ts';
import { type ChosenBackend, whyText } from './backend.ts';
import type { OwnFlagValues } from './pipeline-command.ts';

/** The flags that say nothing to another backend. */
const SLURM_FLAGS = ['sbatch', 'max-allocations', 'nodes-per-allocation', 'listen', 'ship', 'test-only'] as const;

/** Null on another backend, where a flag that is for Slurm is the error `bad-flag`. */
export function slurmSettings(
  chosen: ChosenBackend,
  { flags, config, environment }: { flags: OwnFlagValues; config: Config; environment: NodeJS.ProcessEnv },
): SlurmSettings | null {
  if (chosen.backend !== 'slurm') {
    const flag = SLURM_FLAGS.find((name) => flags[name] !== undefined && flags[name] !== false);
    if (flag === undefined) return null;
    throw new OutflowError(
      'bad-flag',
      `--${flag} is for the backend slurm, and this one is ${chosen.backend} (${whyText(chosen)})`,
      {
        hint: `add --backend slurm, or leave --${flag} out`,
      },
    );
  }
  const { slurm = {} } = config;
  return {
    flag: directivesOfFlags(flags.sbatch ?? []),
    environment: directivesOfEnvironment(environment),
    config: slurm.sbatch ?? {},
    prologue: slurm.prologue ?? [],
    maxAllocations: flags['max-allocations'] ?? slurm.maxAllocations ?? 10,
    nodesPerAllocation: flags['nodes-per-allocation'] ?? slurm.nodesPerAllocation ?? 1,
    databaseConnections: slurm.databaseConnections ?? 16,
    listen: listenOf(flags.listen, config),
    sharedDir: slurm.sharedDir ?? null,
    ship: shippingOf(flags.ship, config),
  };
}

/** A clone is not shipped; a configuration may be for the executable as well. */
function shippingOf(flag: string | undefined, { slurm }: Config): Shipping {
  const ship = (flag ?? slurm?.ship ?? 'path') as Shipping;
  if (ship === 'path' || isExecutable) return ship;
  if (flag === undefined) return 'path';
  throw new OutflowError(
    'bad-flag',
    `--ship ${ship} is for outflow's executable, and this is a clone, which nodes run where it is`,
    {
      hint: 'leave it out, or make the executable with `npm run package` and run dist/outflow',
    },
  );
}

function listenOf(flag: string | undefined, { file, slurm }: Config): string | null {
  const listen = flag ?? slurm?.listen ?? null;
  try {
    if (listen !== null) parseListen(listen);
  } catch (error) {
    if (flag !== undefined || !isOutflowError(error)) throw error;
    throw new OutflowError('bad-config', `slurm.listen of ${file}: ${error.message.replace(/^--listen /, '')}`, {
      hint: error.hint,
    });
  }
  return listen;
}
