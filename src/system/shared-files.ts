// Where the files of a run are that its jobs and CLIs on other hosts share.
import path from 'node:path';

/** The directory that all nodes see: one in `sharedDir`, or the run's own, which must be on a shared file system then. */
export function sharedRunDir(sharedDir: string | null, run: string, ownDir: () => string): string {
  return sharedDir === null ? ownDir() : path.join(sharedDir, `outflow-${run}`);
}

/** For copies of the executable, of all runs: where the directories of runs are. */
export function programsIn(sharedDir: string | null, home: () => string): string {
  return sharedDir === null ? path.join(home(), 'programs') : path.join(sharedDir, `outflow-programs-${process.getuid?.() ?? 0}`);
}

/** How agents reach the coordinator. */
export function joinFileIn(directory: string): string {
  return path.join(directory, 'join.json');
}

/** How CLIs on other hosts reach it. */
export function controlFileIn(directory: string): string {
  return path.join(directory, 'control.json');
}

/** The directory for what jobs print outside of any unit. */
export function jobOutputIn(directory: string): string {
  return path.join(directory, 'jobs');
}
