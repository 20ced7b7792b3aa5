// Before the tests of the executable, once: makes it where it is stale, and a place to run it in, where nothing else is.
//
// As root that is a mount namespace, in which the program runs as a user of its own; else a user namespace; else, where the
// system allows none, only an environment: the PATH has no Node, HOME is empty.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureExecutable } from './executable.ts';
import { openTmpdir } from './open-tmpdir.ts';

/** What starts the executable, and where it can write. */
export interface SealedPlace {
  /** Followed by `-C DIRECTORY`, assignments, and what is to be started. */
  enter: string[];
  executable: string;
  /** Its environment, but for what a test adds. */
  env: Record<string, string>;
  /** For the files of tests: the same path inside and outside. */
  directory: string;
  /** Whom these files must belong to, where that is not whoever runs the tests. */
  user: { uid: number; gid: number } | null;
  /** Why it is no namespace, in a few words for people. */
  unsealed: string | null;
}

declare module 'vitest' {
  interface ProvidedContext {
    sealed?: SealedPlace;
  }
}

const root = path.resolve(import.meta.dirname, '../..');
const readOnly = ['test', 'examples'].map((name) => path.join(root, name));
/** The shell, what tests call in it, and what outflow uses where it is there: flock, taskset. */
const PROGRAMS = 'sh bash cat env false flock grep head id ls nohup pwd rm seq sleep stty taskset touch true tty uname wc'.split(
  ' ',
);
const OTHER_USER = { uid: 61_234, gid: 61_234 };

export default async function setup(project: TestProject): Promise<() => void> {
  const executable = ensureExecutable();
  const directory = mkdtempSync(path.join(openTmpdir(), 'of-'));
  chmodSync(directory, 0o755);
  for (const name of ['root', 'shared', 'home']) mkdirSync(path.join(directory, name));
  const close = () => rmSync(directory, { recursive: true, force: true });
  try {
    const isRoot = process.getuid?.() === 0;
    const unshare = isRoot ? ['--mount'] : ['--user', '--map-current-user', '--keep-caps', '--mount'];
    const { status, stderr } = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'sealed', '/tmp'], { encoding: 'utf8' });
    if (status !== 0) {
      project.provide('sealed', unsealed(executable, directory, stderr?.trim() || 'unshare is not there'));
      return close;
    }
    const holder = await hold(unshare, executable, directory);
    project.provide('sealed', sealed(holder.pid as number, directory, isRoot));
    return () => {
      holder.stdin.end();
      close();
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Starts the process that keeps the place. */
async function hold(unshare: string[], executable: string, directory: string) {
  const { uid, gid } = process.getuid?.() === 0 ? OTHER_USER : { uid: process.getuid?.(), gid: process.getgid?.() };
  const script = path.join(import.meta.dirname, 'sealed-place.sh');
  const [place, shared] = ['root', 'shared'].map((name) => path.join(directory, name)) as [string, string];
  const args = [place, executable, shared, String(uid), String(gid), PROGRAMS.join(' '), ...readOnly];
  const holder = spawn('unshare', [...unshare, 'sh', script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (String(said).trim() !== 'ready') throw new Error('no place for the executable could be made; see above');
  return holder;
}

function sealed(holder: number, directory: string, isRoot: boolean): SealedPlace {
  const ids = [`--setuid=${OTHER_USER.uid}`, `--setgid=${OTHER_USER.gid}`];
  const options = isRoot ? ids : ['--user', '--preserve-credentials'];
  return {
    enter: [pathOf('nsenter'), `--target=${holder}`, '--mount', '--root', ...options, '--', '/bin/env', '-i'],
    executable: '/outflow',
    env: { HOME: '/home/somebody', PATH: '/usr/bin:/bin' },
    directory: path.join(directory, 'shared'),
    user: isRoot ? OTHER_USER : null,
    unsealed: null,
  };
}

/** Programs by links, as Node may lie beside them. */
function unsealed(executable: string, directory: string, why: string): SealedPlace {
  const bin = path.join(directory, 'bin');
  mkdirSync(bin);
  for (const name of PROGRAMS) {
    symlinkSync(pathOf(name), path.join(bin, name));
  }
  return {
    enter: [pathOf('env'), '-i'],
    executable,
    env: { HOME: path.join(directory, 'home'), PATH: bin },
    directory: path.join(directory, 'shared'),
    user: null,
    unsealed: why,
  };
}

/** A test may change the PATH. */
function pathOf(program: string): string {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
  return found.startsWith('/') ? found : `/usr/bin/${program}`; // a word of the shell, too
}
