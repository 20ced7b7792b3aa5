// Other file systems for the executable in its sealed place: small ones, read-only ones, such that no program runs from. Only root
// can mount them there: in a user namespace, who enters it later has no rights over it.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import type { Ended } from './outflow.ts';
import { inSealed, projectRoot, sealed } from './program-under-test.ts';

/** Options of `mount` for a tmpfs: `size=20m`, `ro`, `noexec`, `nr_inodes=10`. What is not named is large and takes all. */
export interface Disks {
  home?: string;
  tmp?: string;
  shm?: string;
}

export const HOME = '/home/somebody';
const PIPELINE = '/mnt';
const MOUNTED = { home: HOME, tmp: '/tmp', shm: '/dev/shm' };

/** A mount namespace of its own within the sealed place. */
export class PlaceOnDisks {
  readonly #holder: ChildProcessWithoutNullStreams;

  private constructor(holder: ChildProcessWithoutNullStreams) {
    this.#holder = holder;
  }

  /** `pipelineDir`: commands are called there; they see it in another directory, read-only. */
  static async make(disks: Disks, pipelineDir: string): Promise<PlaceOnDisks> {
    const pipeline = `mount --bind '${path.join(projectRoot, pipelineDir)}' '${root()}${PIPELINE}'`;
    const mounts = Object.entries(MOUNTED).map(([name, directory]) => mountLine(directory, disks[name as keyof Disks] ?? ''));
    const script = [pipeline, ...mounts, `exec chroot '${root()}' /bin/sh -c 'echo ready; exec cat'`].join('\n');
    const holder = spawn('nsenter', [...into(sealedHolder()), 'unshare', '--mount', 'sh', '-ec', script]);
    const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder.stderr, 'data'), once(holder, 'exit')]);
    if (String(said).trim() !== 'ready') throw new Error(`the file systems could not be mounted: ${said}`);
    return new PlaceOnDisks(holder);
  }

  start(args: string[], env: Record<string, string> = {}, program = '/outflow') {
    const words = inSealed(program, args, { cwd: PIPELINE, env: { OUTFLOW_DB_IDLE: '0', NO_COLOR: '1', ...env } });
    const [command = '', ...rest] = words.map((word) =>
      word === `--target=${sealedHolder()}` ? `--target=${this.#holder.pid}` : word,
    );
    return execa(command, rest, { reject: false });
  }

  async run(args: string[], env?: Record<string, string>): Promise<Ended> {
    const { stdout, stderr, exitCode } = await this.start(args, env);
    return { stdout, stderr, exitCode };
  }

  /** A path of the place, for who looks from outside. */
  at(file: string): string {
    return `/proc/${this.#holder.pid}/root${file}`;
  }

  /** Names there; none: it is not there. */
  names(directory: string): string[] {
    try {
      return readdirSync(this.at(directory)).sort();
    } catch {
      return [];
    }
  }

  /** Of what has been unpacked, and half-unpacked. */
  trees(directory: string): string[] {
    return this.names(directory).filter((name) => !name.startsWith('.lock'));
  }

  /** Mounts anew with other options, what is there stays. */
  remount(directory: string, options: string): void {
    const words = ['mount', '-o', `remount,${options}`, `${root()}${directory}`];
    const { status, stderr } = spawnSync('nsenter', [...into(this.#holder.pid as number), ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }

  /** Of those that run in it, whose command line, with NUL between the words, is like this. */
  processes(command: RegExp): number[] {
    const own = readlinkSync(`/proc/${this.#holder.pid}/ns/mnt`);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(this.#holder.pid))
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/ns/mnt`) === own && command.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          return false; // gone, or another user's
        }
      })
      .map(Number);
  }

  /** All that still runs in it ends with it. */
  async end(): Promise<void> {
    for (const pid of this.processes(/^/)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // gone
    }
    const gone = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    await gone;
  }
}

function mountLine(directory: string, options: string): string {
  const owner = directory === HOME ? `mode=700,uid=${sealed?.user?.uid},gid=${sealed?.user?.gid}` : 'mode=1777';
  return `mount -t tmpfs -o ${[owner, options].filter(Boolean).join(',')} disk '${root()}${directory}'`;
}

function sealedHolder(): number {
  return Number(sealed?.enter.find((word) => word.startsWith('--target='))?.slice('--target='.length));
}

function into(holder: number): string[] {
  return [`--target=${holder}`, '--mount'];
}

/** Of the sealed place, seen from outside. */
function root(): string {
  return path.join(path.dirname(sealed?.directory ?? ''), 'root');
}
