// The submitter's environment, which units get on this host and on others, now and after a resume.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The submitter's environment, captured when the run was accepted; undefined: there is no run yet. */
export function submitEnvironment(runDir: string): NodeJS.ProcessEnv | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(runDir), 'utf8')) as NodeJS.ProcessEnv;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The run is over: what the environment holds is nobody's business any more. */
export function forgetEnvironment(runDir: string): void {
  rmSync(fileIn(runDir), { force: true });
}

function fileIn(runDir: string): string {
  return path.join(runDir, 'environment.json');
}
