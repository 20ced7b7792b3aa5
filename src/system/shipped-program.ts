// The copy of the executable that sbcast has put on this node's disk, for the agent of one job alone. It is removed as soon as that
// agent runs: the kernel keeps it for the agent and its hosts, and frees it with the last of them, however they end. What is
// left by a job that ended before its agent began goes with the next agent that starts on the node.
import { lstatSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { namesIn } from './home.ts';
import { processIdentity } from './processes.ts';

/** Names the file in the environment of the job's steps; not in that of units. */
export const SHIPPED = 'OUTFLOW_SHIPPED';
/** Between the copy and the start of the agent, for a slow controller too: `srun` may wait for it. */
const TRANSIENT_MS = 60_000;
/** Where the job's script runs on another node. */
const TRANSIENT_ELSEWHERE_MS = 3_600_000;

/** `$UID.$SLURM_JOB_ID.$HOSTNAME.$$`, of the job's script: see provider/slurm/ship.ts. */
const NAME = /^outflow-(\d+)\.\d+\.(.+)\.(\d+)$/;

/** Once, before any task host. */
export function removeShipped(environment: NodeJS.ProcessEnv = process.env): void {
  const shipped = environment[SHIPPED];
  delete environment[SHIPPED];
  const directories = new Set([tmpdir()]);
  if (shipped !== undefined && isThis(shipped)) {
    directories.add(path.dirname(shipped));
    remove(shipped);
  }
  for (const directory of directories) removeLeft(directory);
}

function isThis(file: string): boolean {
  const [one, other] = [file, '/proc/self/exe'].map((each) => statSync(each, { throwIfNoEntry: false }));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

function removeLeft(directory: string): void {
  for (const name of namesIn(directory)) {
    const [, uid, host, pid] = NAME.exec(name) ?? [];
    if (uid !== String(process.getuid?.() ?? 0)) continue;
    const file = path.join(directory, name);
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (!found?.isFile() || found.uid !== process.getuid?.()) continue;
    const ageMs = Date.now() - found.mtimeMs;
    const isLeft =
      host === hostname() && processIdentity(Number(pid)) === null ? ageMs > TRANSIENT_MS : ageMs > TRANSIENT_ELSEWHERE_MS;
    if (isLeft) remove(file);
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Not ours to remove, or the disk has become read-only: the next agent tries again.
  }
}
