// Reads a site's nodes, partitions and limits from scontrol's text.
import type { NodeFacts, PartitionFacts, SiteFacts } from '../../plan/slurm.ts';
import { fieldOf, listOf, minutesOf, numberOf } from './fields.ts';

/** What Slurm assumes where slurm.conf says nothing. */
const DEFAULT_MAX_ARRAY_SIZE = 1001;

export function siteFacts(nodes: string, partitions: string, config: string): SiteFacts {
  const defaults = {
    perCpu: numberOf(configOf(config, 'DefMemPerCPU')),
    perNode: numberOf(configOf(config, 'DefMemPerNode')),
    maxPerNode: numberOf(configOf(config, 'MaxMemPerNode')),
  };
  return {
    nodes: linesOf(nodes, 'NodeName').map(nodeOf),
    partitions: linesOf(partitions, 'PartitionName').map((line) => partitionOf(line, defaults)),
    maxArraySize: numberOf(configOf(config, 'MaxArraySize')) ?? DEFAULT_MAX_ARRAY_SIZE,
  };
}

/** Why nodes are out of service: `node2 is drained: Prolog error`; empty where they are not. */
export function nodeReasons(nodes: string): string {
  return linesOf(nodes, 'NodeName')
    .flatMap((line) => {
      const reason = /\sReason=(.*?)(?: \[\w+@[^\]]*\])?\s*$/.exec(line)?.[1];
      return reason ? [`${nodeOf(line).name} is ${nodeOf(line).state}: ${reason}`] : [];
    })
    .join('; ');
}

function linesOf(text: string, key: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(`${key}=`));
}

function configOf(config: string, key: string): string | undefined {
  return new RegExp(`^${key}\\s*=\\s*(\\S+)`, 'm').exec(config)?.[1];
}

function nodeOf(line: string): NodeFacts {
  const count = (key: string): number => numberOf(fieldOf(line, key)) ?? 0;
  const threadsPerCore = count('ThreadsPerCore') || 1;
  return {
    name: fieldOf(line, 'NodeName') ?? '',
    state: nodeState(fieldOf(line, 'State') ?? 'UNKNOWN'),
    // Before 22.05 there is no CPUEfctv.
    cpus: numberOf(fieldOf(line, 'CPUEfctv')) ?? count('CPUTot') - count('CoreSpecCount') * threadsPerCore,
    threadsPerCore,
    memoryMib: count('RealMemory') - count('MemSpecLimit'),
    gpus: gpusOf(fieldOf(line, 'Gres')),
    features: listOf(fieldOf(line, 'AvailableFeatures')),
    partitions: listOf(fieldOf(line, 'Partitions')),
  };
}

/**
 * `IDLE`, `MIXED+DRAIN`, `DOWN*`, `IDLE+CLOUD+POWERED_DOWN` … in one word. Those that keep jobs away win over the base state;
 * a node that is powered down still counts as idle, as Slurm wakes it.
 */
function nodeState(text: string): string {
  const [base = 'unknown', ...flags] = text
    .toLowerCase()
    .split('+')
    .map((word) => word.replace(/[^a-z_]+$/, ''));
  if (flags.includes('drain')) return base === 'idle' || base === 'down' ? 'drained' : 'draining';
  if (flags.includes('fail')) return 'fail';
  if (flags.includes('not_responding')) return 'down';
  if (flags.includes('maintenance') || flags.includes('maint')) return 'maint';
  if (flags.includes('reserved')) return 'reserved';
  return base;
}

/** Of `gpu:4`, `gpu:a100:4(S:0,1)`, `gpu:a:2,gpu:b:2,shard:8`. */
function gpusOf(gres: string | undefined): number {
  let sum = 0;
  for (const entry of listOf(gres)) {
    const found = /^gpu(?::[^:(]+)?:(\d+)(?:\(|$)/.exec(entry);
    if (found) sum += Number(found[1]);
    else if (/^gpu(\(|$)/.test(entry)) sum += 1;
  }
  return sum;
}

/** A partition says only what differs from slurm.conf's defaults. */
function partitionOf(line: string, defaults: Record<'perCpu' | 'perNode' | 'maxPerNode', number | null>): PartitionFacts {
  const perCpu = numberOf(fieldOf(line, 'DefMemPerCPU'));
  const perNode = numberOf(fieldOf(line, 'DefMemPerNode'));
  const own = perCpu !== null || perNode !== null;
  return {
    name: fieldOf(line, 'PartitionName') ?? '',
    isDefault: fieldOf(line, 'Default') === 'YES',
    isUp: fieldOf(line, 'State') === 'UP',
    defaultTimeMinutes: minutesOf(fieldOf(line, 'DefaultTime')),
    maxTimeMinutes: minutesOf(fieldOf(line, 'MaxTime')),
    maxNodes: numberOf(fieldOf(line, 'MaxNodes')),
    // 0: without a limit.
    maxCpusPerNode: numberOf(fieldOf(line, 'MaxCPUsPerNode')) || null,
    maxMemPerNodeMib: numberOf(fieldOf(line, 'MaxMemPerNode')) || defaults.maxPerNode || null,
    defMemPerCpuMib: own ? perCpu : defaults.perCpu,
    defMemPerNodeMib: own ? perNode : defaults.perNode,
  };
}
