// Site facts from scontrol's text, as several versions of Slurm print it.
import { expect, test } from 'vitest';
import { nodeReasons, siteFacts } from '../../../src/provider/slurm/facts.ts';

/** 22.05, with two cores set aside. */
const NODE_22 =
  'NodeName=node4 Arch=x86_64 CoresPerSocket=8  CPUAlloc=0 CPUEfctv=6 CPUTot=8 CPULoad=2.43 AvailableFeatures=slow ActiveFeatures=slow Gres=(null) NodeAddr=127.0.0.1 NodeHostName=node4 Port=16104 Version=22.05.8 OS=Linux 6.18.44 #1 SMP  RealMemory=16000 AllocMem=0 FreeMem=22773 Sockets=1 Boards=1 CoreSpecCount=2 CPUSpecList=6-7  State=IDLE ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=debug,staff  BootTime=2026-11-22T20:17:47 CfgTRES=cpu=6,mem=16000M,billing=6 AllocTRES= ExtSensorsTemp=n/s';
/** 24.05, threads, typed GPUs, memory set aside. */
const NODE_24 =
  'NodeName=gpu1 Arch=x86_64 CoresPerSocket=56 CPUAlloc=88 CPUEfctv=192 CPUTot=224 CPULoad=18.41 AvailableFeatures=b200,ib ActiveFeatures=b200 Gres=gpu:nvidia_b200:4(S:0,1),gpu:nvidia_b200_2g.45gb:8(S:0-1),shard:64 NodeAddr=gpu1 NodeHostName=gpu1 Version=24.05.4 OS=Linux 6.8.0 #1 RealMemory=2060000 AllocMem=706560 FreeMem=224124 Sockets=2 Boards=1 CoreSpecCount=16 CPUSpecList=96-111,208-223 MemSpecLimit=65536 State=MIXED+PLANNED ThreadsPerCore=2 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=gpu BootTime=2025-01-01T00:00:00 ResumeAfterTime=None CfgTRES=cpu=192';
/** 19.05: no CPUEfctv. */
const NODE_19 =
  'NodeName=old Arch=x86_64 CoresPerSocket=4 CPUAlloc=4 CPUTot=60 CPULoad=0.75 AvailableFeatures=(null) ActiveFeatures=(null) Gres=gpu:2 RealMemory=229376 Boards=1 CoreSpecCount=2 MemSpecLimit=5120 State=IDLE+CLOUD+POWERED_DOWN ThreadsPerCore=2 Partitions=hb';

const PARTITION_22 =
  'PartitionName=debug AllowGroups=ALL Default=YES QoS=N/A DefaultTime=00:10:00 DisableRootJobs=NO MaxNodes=UNLIMITED MaxTime=01:00:00 MinNodes=0 Nodes=node[1-4] State=UP TotalCPUs=32 DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED';
const PARTITION_24 =
  'PartitionName=long AllowGroups=ALL Default=NO QoS=N/A DefaultTime=NONE ExclusiveTopo=NO MaxNodes=3 MaxTime=7-00:00:30 MaxCPUsPerSocket=UNLIMITED NodeSets=c Nodes=c[1-2] State=DRAIN DefMemPerCPU=500 MaxMemPerNode=UNLIMITED';

const CONFIG =
  'Configuration data as of 2026\nDefMemPerCPU            = 2000\nMaxArraySize            = 1001\nMaxJobCount = 10000\n';

function node(line: string) {
  return siteFacts(`${line}\n`, '', '').nodes[0]!;
}

test('a node offers what is left of it for jobs', () => {
  expect(node(NODE_22)).toEqual({
    name: 'node4',
    state: 'idle',
    cpus: 6,
    threadsPerCore: 1,
    memoryMib: 16000,
    gpus: 0,
    features: ['slow'],
    partitions: ['debug', 'staff'],
  });
  expect(node(NODE_24)).toMatchObject({ cpus: 192, threadsPerCore: 2, memoryMib: 2060000 - 65536, features: ['b200', 'ib'] });
  expect(node(NODE_19)).toMatchObject({ cpus: 56, memoryMib: 224256, gpus: 2, features: [] });
});

test('GPUs are counted over their types, and nothing else is', () => {
  expect(node(NODE_24).gpus).toBe(12);
});

test.each([
  ['IDLE', 'idle'],
  ['MIXED+PLANNED', 'mixed'],
  ['IDLE+DRAIN', 'drained'],
  ['ALLOCATED+DRAIN', 'draining'],
  ['DOWN*+DRAIN+NOT_RESPONDING', 'drained'],
  ['DOWN*', 'down'],
  ['IDLE+NOT_RESPONDING', 'down'],
  ['IDLE+CLOUD+POWERED_DOWN', 'idle'],
  ['IDLE+RESERVED', 'reserved'],
  ['IDLE+MAINTENANCE+RESERVED', 'maint'],
  ['IDLE~', 'idle'],
])('the state %s is %s', (text, state) => {
  expect(node(NODE_22.replace('State=IDLE', `State=${text}`)).state).toBe(state);
});

test('a partition has its own limits, and the defaults of the site', () => {
  const { partitions, maxArraySize } = siteFacts('', `${PARTITION_22}\n${PARTITION_24}\n`, CONFIG);
  expect(maxArraySize).toBe(1001);
  expect(partitions).toEqual([
    {
      name: 'debug',
      isDefault: true,
      isUp: true,
      defaultTimeMinutes: 10,
      maxTimeMinutes: 60,
      maxNodes: null,
      maxCpusPerNode: null,
      maxMemPerNodeMib: null,
      defMemPerCpuMib: 2000,
      defMemPerNodeMib: null,
    },
    {
      name: 'long',
      isDefault: false,
      isUp: false,
      defaultTimeMinutes: null,
      maxTimeMinutes: 7 * 24 * 60 + 1,
      maxNodes: 3,
      maxCpusPerNode: null,
      maxMemPerNodeMib: null,
      defMemPerCpuMib: 500,
      defMemPerNodeMib: null,
    },
  ]);
});

test('a partition says what a job may have of a node; else slurm.conf does; 0 is no limit', () => {
  const limited = `${PARTITION_22} MaxCPUsPerNode=6 MaxMemPerNode=0`;
  const limitsOf = (config: string) =>
    siteFacts('', `${limited}\n`, config).partitions.map((it) => [it.maxCpusPerNode, it.maxMemPerNodeMib]);
  expect(limitsOf(CONFIG)).toEqual([[6, null]]);
  expect(limitsOf(`${CONFIG}\nMaxMemPerNode           = 4000\n`)).toEqual([[6, 4000]]);
});

test('a node out of service says why', () => {
  expect(nodeReasons(NODE_22)).toBe('');
  expect(
    nodeReasons(`${NODE_22.replace('State=IDLE', 'State=IDLE+DRAIN')} Reason=Prolog error [root@2026-11-22T23:53:17]\n`),
  ).toBe('node4 is drained: Prolog error');
});
