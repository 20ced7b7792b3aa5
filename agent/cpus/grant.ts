// What an agent may use of its node: what Slurm granted, as the environment tells, against the CPUs that this process may run
// on. Pure but for `readGrant`. The environment is the grant; the mask tells whether these CPUs are this job's alone.
import { affinityMask } from './affinity.ts';

export interface Grant {
  /** CPU slots. */
  slots: number;
  /** Ids of the CPUs, when they are ours alone; null: slots are counted, and nothing is bound. */
  cpus: readonly number[] | null;
  /** 0: not known, memory is not packed. */
  memoryMib: number;
  /** Ids as programs know them. */
  gpus: readonly string[];
  /** As people name it: `1234_5`. */
  job: string;
  /** Something that the user should know; '': nothing. */
  warning: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Null: this process is not in a Slurm job. */
export function readGrant(): Grant | null {
  return slurmGrant(process.env, affinityMask());
}

export function slurmGrant(environment: Environment, mask: readonly number[] | null): Grant | null {
  const slots = cpusOnNode(environment);
  if (slots === undefined) return null;
  const isTight = mask !== null && mask.length < slots;
  const warning = isTight
    ? `Slurm granted ${slots} CPUs on a node, but processes there may use only ${mask.length} of them (CPUs ${mask.join(',')}): units run as many at once as were granted, and share these`
    : '';
  return {
    slots,
    cpus: mask?.length === slots ? mask : null,
    memoryMib: memoryOnNode(environment, slots),
    gpus: visibleGpus(environment),
    job: jobName(environment),
    warning,
  };
}

/** `8,2` or `4(x2),1` → one number a node. */
export function cpusPerNode(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, cpus, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim()) ?? [];
    return cpus === undefined ? [] : Array.from({ length: Number(times) }, () => Number(cpus));
  });
}

/** SLURM_CPUS_ON_NODE can lie in a step (`--threads-per-core`): it is asked last. */
function cpusOnNode(environment: Environment): number | undefined {
  const perNode = cpusPerNode(environment['SLURM_JOB_CPUS_PER_NODE'] ?? '');
  const cpus = perNode[Number(environment['SLURM_NODEID'] ?? 0)] ?? Number(environment['SLURM_CPUS_ON_NODE']);
  return Number.isSafeInteger(cpus) && cpus > 0 ? cpus : undefined;
}

function memoryOnNode(environment: Environment, cpus: number): number {
  const perNode = positive(environment['SLURM_MEM_PER_NODE']);
  return perNode > 0 ? perNode : positive(environment['SLURM_MEM_PER_CPU']) * cpus;
}

function positive(text: string | undefined): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** The list that programs are given beats Slurm's own, whose ids count from another origin where devices are confined. */
export function visibleGpus(environment: Environment): string[] {
  const visible = environment['CUDA_VISIBLE_DEVICES'] ?? environment['ROCR_VISIBLE_DEVICES'];
  const listed = listOf(visible ?? environment['SLURM_JOB_GPUS'] ?? '');
  if (visible !== undefined || listed.length > 0) return listed;
  return Array.from({ length: positive(environment['SLURM_GPUS_ON_NODE']) }, (_, id) => String(id));
}

function listOf(text: string): string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  return ids.some((id) => id === '-1' || id === 'NoDevFiles') ? [] : ids; // how "none" is said
}

function jobName(environment: Environment): string {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job } = environment;
  return array && task ? `${array}_${task}` : (job ?? '');
}
