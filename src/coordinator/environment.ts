// The submitter's environment, which units get on this host and on others, now and after a resume.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The submitter's environment, captured when the run was accepted; undefined: there is no run yet. */
export function submitEnvironment(runDir: string): NodeJS.ProcessEnv | undefined {
  try {
    return JSON.parse(readFileSync(path.join(runDir, 'environment.json'), 'utf8')) as NodeJS.ProcessEnv;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
