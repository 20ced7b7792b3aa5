// Tests on the virtual Slurm cluster: worlds of an ordinary user whose runs go there, and the cluster's faults.
// All tests share the cluster that `scripts/slurm-cluster up` starts, and a second one beside it: two files run at a time, also
// those of two runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, copyFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type CallOptions, type Ended, endProcessesOf, makeWorld, projectRoot, type World } from './outflow.ts';
import type { SlurmFound } from './slurm-setup.ts';
import { until } from './until.ts';

const script = path.join(projectRoot, 'scripts/slurm-cluster');
const found = inject('slurm');

type SlurmUp = Extract<SlurmFound, { state: 'up' }>;

const TURN_SECONDS = 20 * 60;

if (found.state === 'up') beforeAll(takeTurn, TURN_SECONDS * 1000);

/**
 * Waits until no other test file has one of the clusters; then that is ours until the file ends, or this process dies. The second
 * one is started where it is not there.
 */
async function takeTurn(): Promise<() => void> {
  const before = process.env['OUTFLOW_SLURM_DIR'];
  const { directory, second } = shared();
  const turn = await until(async () => {
    for (const lane of [directory, second]) {
      const locked = await lock(path.join(directory, lane === directory ? 'tests.lock' : 'tests-2.lock'));
      if (locked) return { lane, end: locked };
    }
    return false;
  }, TURN_SECONDS);
  process.env['OUTFLOW_SLURM_DIR'] = turn.lane;
  if (turn.lane === second) await cluster('up', '--port-base', '17000', '--user', submitter().user);
  return () => {
    if (before === undefined) delete process.env['OUTFLOW_SLURM_DIR'];
    else process.env['OUTFLOW_SLURM_DIR'] = before;
    turn.end();
  };
}

/** Undefined: another process holds it. */
async function lock(file: string): Promise<(() => void) | undefined> {
  const holder = spawn('flock', ['--wait', '1', file, 'sh', '-c', 'echo ours; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [answer] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  return String(answer).trim() === 'ours' ? () => holder.stdin.end() : undefined;
}

/** Like `describe`; its tests are skipped where there is no cluster. `npm test` says why. */
export const describeSlurm = describe.skipIf(found.state === 'absent');

/** Where the state of the cluster in use lies. */
function directoryInUse(): string {
  return process.env['OUTFLOW_SLURM_DIR'] ?? shared().directory;
}

/** Within a `describeSlurm`: a cluster of its own beside the one in use, as `up` makes it with these options; gone afterwards. */
export function onOwnCluster(...options: string[]): void {
  let beside: string;
  beforeAll(async () => {
    beside = directoryInUse();
    process.env['OUTFLOW_SLURM_DIR'] = `${beside}-own`;
    const portBase = beside === shared().directory ? '18000' : '19000';
    await cluster('up', '--port-base', portBase, '--user', submitter().user, ...options);
  });
  afterAll(async () => {
    await cluster('down', '--purge');
    process.env['OUTFLOW_SLURM_DIR'] = beside;
  });
}

/** The ordinary user of the cluster, and a clone that it can read: the tested one, or a copy of it. */
export function submitter(): Pick<SlurmUp, 'user' | 'uid' | 'gid' | 'clone'> {
  return shared();
}

function shared(): SlurmUp {
  if (found.state === 'absent') throw new Error(`there is no Slurm here (${found.why}): use describeSlurm`);
  return found;
}

/** Calls `scripts/slurm-cluster`: `cluster('node', 'crash', 'node1')`, `cluster('prolog', 'fail', 'node1')`. Rejects when it fails. */
export async function cluster(...args: string[]): Promise<string> {
  return (await execa(script, args)).stdout;
}

/**
 * Starts a command as the ordinary user: in its home directory, unless told otherwise, and in a clean login environment, with
 * the clone's `outflow` and Node 24 on the PATH. It ends as a result, whatever its exit code.
 */
export function asUser(command: string[], { input, ...options }: CallOptions = {}) {
  const [program, args] = userCommand(command, options);
  return execa(program, args, { reject: false, ...(input === undefined ? {} : { input }) });
}

/** The same as a program and its arguments, for those who start it otherwise. */
export function userCommand(command: string[], { cwd, env = {} }: CallOptions): [program: string, args: string[]] {
  const { clone } = submitter();
  const bins = ['bin', `node_modules/node-linux-${process.arch}/bin`].map((bin) => path.join(clone, bin));
  const variables = { PATH: [...bins, '/usr/local/bin', '/usr/bin', '/bin'].join(':'), ...env };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const options = cwd === undefined ? [] : ['-C', cwd];
  return [script, ['run', 'env', ...options, ...assignments, ...command]];
}

export interface Job {
  id: string;
  name: string;
  partition: string;
  /** As squeue spells it: `PENDING`, `RUNNING`, `COMPLETED`, ... */
  state: string;
  /** Why it waits or failed; `None` otherwise. */
  reason: string;
  /** The nodes it has or had, in Slurm's notation. */
  nodes: string;
}

/** Jobs in all states, those that ended in the last five minutes too; the elements of an array one by one. */
export async function squeue(...options: string[]): Promise<Job[]> {
  const stdout = await slurm('squeue', ['-h', '-r', '-t', 'all', '-o', '%i|%j|%P|%T|%r|%N', ...options]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id, name, partition, state, reason, nodes] = line.split('|') as [string, string, string, string, string, string];
      return { id, name, partition, state, reason, nodes };
    });
}

/** Waits until a job is in one of the states, and gives it. */
export function jobIn(id: string, states: string[], seconds = 30): Promise<Job> {
  return until(async () => (await squeue('-j', id)).find(({ state }) => states.includes(state)), seconds);
}

/** What `scontrol show job` or `show node` says, by key. */
export async function scontrolShow(what: 'job' | 'node', id: string): Promise<Record<string, string>> {
  const stdout = await slurm('scontrol', ['show', what, '-o', id]);
  return Object.fromEntries([...stdout.matchAll(/(?:^| )([A-Za-z:/]+)=(\S*)/g)].map(([, key, value]) => [key, value]));
}

export interface SlurmWorld extends World {
  /** A clone that the user and all nodes can read; use it where other tests name `projectRoot`. */
  clone: string;
  /** Cancels the jobs of this world and waits until they have ended. */
  cancelJobs(): Promise<void>;
}

/**
 * A world like `makeWorld`, of the ordinary user: its commands run as that user, its directories are the user's, and all nodes
 * see them. `end` cancels its jobs, whatever a failed test left. `executable`: copied to `dir/outflow`; there is no Node then, and no
 * package.
 */
export function makeSlurmWorld({ executable }: { executable?: string } = {}): SlurmWorld {
  const { clone, uid, gid } = submitter();
  const base = makeWorld();
  const program = executable === undefined ? path.join(clone, 'bin/outflow') : path.join(base.dir, 'outflow');
  const root = path.dirname(base.home);
  const modules = path.join(root, 'node_modules');
  rmSync(modules);
  if (executable === undefined) symlinkSync(path.join(clone, 'node_modules'), modules);
  else copyFileSync(executable, program);
  for (const made of [root, base.home, base.dir]) chownSync(made, uid, gid);
  const surroundings: Record<string, string> = executable === undefined ? base.env : { ...base.env, PATH: '/usr/bin:/bin' };

  const start: World['start'] = (args, { cwd = base.dir, env, ...rest } = {}) =>
    asUser([program, ...args], { cwd, env: { ...surroundings, ...env }, ...rest }) as ReturnType<World['start']>;
  const run = async (args: string[], options?: CallOptions): Promise<Ended> => {
    const { stdout, stderr, exitCode } = await start(args, options);
    return { stdout, stderr, exitCode };
  };
  const cancelJobs = async () => {
    const jobs = await activeJobsBelow(root);
    if (jobs.length === 0) return;
    await slurm('scancel', jobs);
    await until(async () => (await activeJobsBelow(root)).length === 0);
  };
  return {
    ...base,
    clone,
    start,
    run,
    cancelJobs,
    json: async (args, options) => JSON.parse((await run([...args, '--json'], options)).stdout),
    write: (file, text) => {
      const target = base.write(file, text);
      for (let made = target; made !== base.dir; made = path.dirname(made)) chownSync(made, uid, gid);
      return target;
    },
    end: async () => {
      endProcessesOf(base.home); // nobody shall submit anew
      await cancelJobs();
      endProcessesOf(base.home); // where jobs are not confined, what they detached stays
      await run(['db', 'stop', '--force']);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Calls a command of Slurm as root, for this cluster and no other that may be here. */
export async function slurm(command: string, args: string[]): Promise<string> {
  const env = { SLURM_CONF: path.join(directoryInUse(), 'etc/slurm.conf') };
  return (await execa(command, args, { env, reject: false })).stdout;
}

/** Ids of jobs that wait, run or complete, and have a directory, script or output file below `folder`. */
async function activeJobsBelow(folder: string): Promise<string[]> {
  const stdout = await slurm('scontrol', ['show', 'job', '-o']);
  return stdout
    .split('\n')
    .filter((job) => job.includes(`=${folder}/`) && /JobState=(PENDING|RUNNING|SUSPENDED|COMPLETING|CONFIGURING)/.test(job))
    .flatMap((job) => /^JobId=(\d+)/.exec(job)?.[1] ?? []);
}
