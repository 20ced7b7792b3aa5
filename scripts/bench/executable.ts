// The measurements of the single executable, in a home of its own, without Node on the PATH: `npm run package` makes it.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finish, memoryOf } from './bench.ts';
import { HostStart } from './host-start.ts';
import { type Measurement, repeat } from './local.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const PROGRAM = path.join(ROOT, 'dist', 'outflow');
const TUTORIAL = ['run', 'compute_data', '--multiplier', '3'];

/** An empty home, as on a machine that outflow has never run on. */
class Machine {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'outflow-bench-machine-'));
  readonly home = path.join(this.directory, 'home');
  readonly env = { HOME: this.home, PATH: '/usr/bin:/bin', TMPDIR: this.directory, CI: '1' };

  constructor() {
    mkdirSync(this.home);
  }

  start(args: string[], cwd: string): ChildProcess {
    return spawn(PROGRAM, args, { cwd, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async seconds(args: string[], cwd: string = this.home): Promise<number> {
    const { seconds, code, stderr } = await finish(this.start(args, cwd));
    if (code !== 0) throw new Error(`outflow ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return seconds;
  }

  /** The agent that was started from this home. */
  agent(): number | undefined {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const pid = pids.find((one) => {
      try {
        const words = readFileSync(`/proc/${one}/cmdline`, 'utf8').split('\0');
        return words.includes('agent') && readFileSync(`/proc/${one}/environ`, 'utf8').includes(`HOME=${this.home}\0`);
      } catch {
        return false; // it has ended, or is not ours
      }
    });
    return pid === undefined ? undefined : Number(pid);
  }

  async close(): Promise<void> {
    await finish(this.start(['db', 'stop', '--force'], this.home));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function onMachine<T>(work: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = new Machine();
  try {
    return await work(machine);
  } finally {
    await machine.close();
  }
}

/** What `xz` makes of it, in bytes; undefined: there is no xz. */
function xzBytes(): number | undefined {
  if (spawnSync('xz', ['--version']).error) return undefined;
  return Number(execFileSync('/bin/sh', ['-c', 'xz -c "$0" | wc -c', PROGRAM], { encoding: 'utf8' }));
}

async function idleAgent(machine: Machine): Promise<ReturnType<typeof memoryOf>> {
  const pipeline = path.join(import.meta.dirname, 'pipelines', 'pipeline.ts');
  const run = finish(machine.start(['run', 'sleepers', '--count', '1', '--seconds', '4', '-p', pipeline], machine.home));
  let memory: ReturnType<typeof memoryOf> | undefined;
  for (let agent = machine.agent(); memory === undefined; agent ??= machine.agent()) {
    // 2 s after it is there the garbage of its start is gone.
    await new Promise((resolve) => setTimeout(resolve, agent === undefined ? 20 : 2_000));
    if (agent !== undefined) memory = memoryOf(agent);
  }
  const { code, stderr } = await run;
  if (code !== 0) throw new Error(`the run ended with ${code}:\n${stderr}`);
  return memory;
}

const executable: Measurement = {
  name: 'executable',
  what: 'dist/outflow: size, starts, memory, first runs',
  missing: () => (existsSync(PROGRAM) ? undefined : 'there is no dist/outflow: npm run package'),
  async measure() {
    const xz = xzBytes();
    const tutorial = await repeat(3, () =>
      onMachine(async (machine) => {
        const project = path.join(machine.home, 'tutorial');
        cpSync(path.join(ROOT, 'examples', 'tutorial'), project, { recursive: true });
        return { first: await machine.seconds(TUTORIAL, project), second: await machine.seconds(TUTORIAL, project) };
      }),
    );
    return await onMachine(async (machine) => {
      await repeat(3, () => machine.seconds(['--version']));
      const versions = await repeat(20, () => machine.seconds(['--version']));
      const host = await HostStart.create(machine.directory);
      const hosts = (await repeat(20, () => host.seconds(PROGRAM, machine.env))).slice(3);
      const memory = await idleAgent(machine);
      return [
        { name: 'size', unit: 'MB', values: [statSync(PROGRAM).size / 1e6], goal: '≤ 150 MB' },
        ...(xz === undefined ? [] : [{ name: 'size, by xz', unit: 'MB', values: [xz / 1e6], goal: '≤ 50 MB' }]),
        { name: '--version', unit: 's', values: versions, goal: '< 0.15 s' },
        { name: 'task host ready', unit: 's', values: hosts, goal: '< 0.12 s' },
        { name: 'idle agent, resident', unit: 'MB', values: [memory.resident], goal: '< 95 MB' },
        { name: 'idle agent, private', unit: 'MB', values: [memory.private], goal: '< 35 MB' },
        { name: 'first run ever', unit: 's', values: tutorial.map(({ first }) => first), goal: '< 8 s' },
        { name: 'second run', unit: 's', values: tutorial.map(({ second }) => second), goal: '< 1.5 s' },
      ];
    });
  },
};

export const EXECUTABLE: readonly Measurement[] = [executable];
