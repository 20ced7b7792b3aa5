// The environment of hosts, and so of units: what the submitter had, without what would mislead or be overheard. Pure.
import { isSecret, withoutSecrets } from '../../src/system/secrets.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Holds the environment of the job before its prologue, so that what the prologue sets can be told apart. */
const BEFORE = 'OUTFLOW_BEFORE_PROLOGUE';

/** Of a job or a step: they would make a unit's own `srun`, or its MPI, take itself for part of something else. */
const OF_JOBS = /^(SLURM|SLURMD|SLURMCTLD|SRUN|SBATCH|SALLOC|PMI|PMI2|PMIX)_/;
/** Units get their own. */
const GPUS = ['CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL', 'ZE_AFFINITY_MASK'];
/** Of the job that units do see: `srun` in a unit needs them. SLURM_CPUS_PER_TASK is set with each unit's CPUs. */
const KEPT = ['SLURM_JOB_ID', 'SLURM_JOB_PARTITION', 'SLURM_CONF'];
/** Differ before and after a prologue for reasons of the shell. */
const OF_SHELLS = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD', 'TMPDIR', BEFORE, ...GPUS]);

/** `given`: the submitter's; empty: it is the agent's own. `isSlurm`: the agent lives in a job. */
export function hostEnvironment(own: Environment, given: Environment, isSlurm: boolean): NodeJS.ProcessEnv {
  const base = Object.keys(given).length > 0 ? given : own;
  if (!isSlurm) return withoutSecrets(base);
  const hidden = (name: string): boolean => OF_JOBS.test(name) || GPUS.includes(name) || name === BEFORE;
  const environment = Object.fromEntries(Object.entries(withoutSecrets(base)).filter(([name]) => !hidden(name)));
  const changes = base === own ? [] : prologueChanges(own);
  for (const { name, before, after } of changes) {
    if (hidden(name) || isSecret(name)) continue;
    if (after === undefined) delete environment[name];
    else environment[name] = carriedOver(environment[name], before, after);
  }
  for (const name of KEPT) if (own[name] !== undefined) environment[name] = own[name];
  return environment;
}

interface Change {
  name: string;
  before: string | undefined;
  after: string | undefined;
}

/** What the prologue of the job's script has set or unset. */
function prologueChanges(own: Environment): Change[] {
  const text = own[BEFORE];
  if (text === undefined) return [];
  const lines = Buffer.from(text, 'base64').toString('utf8').split('\0');
  const before = new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const names = new Set([...before.keys(), ...Object.keys(own)]);
  return [...names]
    .filter((name) => name !== '' && !OF_SHELLS.has(name) && own[name] !== before.get(name))
    .map((name) => ({ name, before: before.get(name), after: own[name] }));
}

/** A list of paths (PATH, LD_LIBRARY_PATH …) keeps what the submitter had, with what the prologue put before or behind it. */
function carriedOver(submitted: string | undefined, before: string | undefined, after: string): string {
  if (submitted === undefined || !before) return after;
  const at = `:${after}:`.indexOf(`:${before}:`);
  return at === -1 ? after : after.slice(0, at) + submitted + after.slice(at + before.length);
}

/**
 * What tells programs which GPUs are theirs. On AMD's, ROCR_VISIBLE_DEVICES chooses among all, and the other two count what is
 * left of them from 0; elsewhere each of them names the same.
 */
export function gpuVariables(ids: readonly string[], isAmd: boolean): Record<string, string> {
  const listed = ids.join(',');
  const counted = isAmd ? ids.map((_, at) => at).join(',') : listed;
  return { CUDA_VISIBLE_DEVICES: counted, HIP_VISIBLE_DEVICES: counted, ROCR_VISIBLE_DEVICES: listed };
}
