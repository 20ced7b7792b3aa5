// Before the Slurm tests, once: is our virtual cluster there, and can its ordinary user read this clone? If not, a copy for them.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

export type SlurmFound =
  | { state: 'up'; directory: string; second: string; user: string; uid: number; gid: number; clone: string }
  /** `why`: a few words for people. */
  | { state: 'absent'; why: string };

declare module 'vitest' {
  interface ProvidedContext {
    slurm: SlurmFound;
  }
}

const root = path.resolve(import.meta.dirname, '../..');
const script = path.join(root, 'scripts/slurm-cluster');

/** With `OUTFLOW_TEST_SLURM=required`, as in continuous integration, it is an error that there is no cluster. */
export default function setup(project: TestProject): (() => void) | undefined {
  const why = whyNoSlurm();
  if (why !== undefined) {
    if (process.env['OUTFLOW_TEST_SLURM'] === 'required') throw new Error(`the Slurm tests must run, but: ${why}`);
    project.provide('slurm', { state: 'absent', why });
    return undefined;
  }
  const directory = process.env['OUTFLOW_SLURM_DIR'] ?? '/var/lib/outflow-slurm';
  const [user, uid, gid] = ['-un', '-u', '-g'].map((flag) => asUser('id', flag).stdout.trim()) as [string, string, string];
  const copy = isReadable(root) ? undefined : readableCopy();
  const second = `${directory}-2`;
  project.provide('slurm', { state: 'up', directory, second, user, uid: Number(uid), gid: Number(gid), clone: copy ?? root });
  return () => {
    // Not where the tests of another run have it.
    spawnSync('flock', ['--nonblock', path.join(directory, 'tests-2.lock'), script, '--dir', second, 'down', '--purge']);
    if (copy !== undefined) rmSync(path.dirname(copy), { recursive: true, force: true });
  };
}

/** Nothing if our own cluster runs: these tests break nodes, so no other will do. */
function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (spawnSync('sbatch', ['--version']).error) return 'sbatch not found';
  const { status, stdout, stderr } = spawnSync(script, ['status'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  if (stdout.trim() === 'down') return 'the virtual cluster is down';
  return stderr.trim() || `the virtual cluster is not well: ${stdout.trim().split('\n').join('; ')}`;
}

function asUser(...command: string[]) {
  return spawnSync(script, ['run', ...command], { encoding: 'utf8' });
}

/** Whether the user can read and run what a clone is used for. */
function isReadable(clone: string): boolean {
  const files = ['dist/outflow.cjs', 'node_modules/zod/package.json', 'test/fixtures/runs/pipeline.ts', 'package.json'];
  const checks = files.map((file) => `test -r "$1/${file}"`).join(' && ');
  return asUser('sh', '-c', `test -x "$1/bin/outflow" && ${checks}`, '_', clone).status === 0;
}

/** Hard links where they will do (0.5 s), else a real copy. */
function readableCopy(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'of-clone-'));
  chmodSync(folder, 0o755);
  const copy = path.join(folder, 'outflow');
  const isCopied = spawnSync('cp', ['-al', '--', root, copy]).status === 0;
  if (isCopied) chmodSync(copy, 0o755);
  if (!isCopied || !isReadable(copy)) {
    rmSync(copy, { recursive: true, force: true });
    execFileSync('cp', ['-a', '--reflink=auto', '--', root, copy]);
    execFileSync('chmod', ['-R', 'a+rX', '--', copy]);
  }
  if (!isReadable(copy)) throw new Error(`the cluster's user cannot read ${copy}: set TMPDIR to a directory open to all users`);
  return copy;
}
