// The outcome of one sbatch.
import type { CommandResult } from './commands.ts';
import { type Refusal, refusalOf, slurmsWords } from './refusals.ts';

export type SubmitOutcome =
  /** `jobs[i]`, like `123_0`, is allocation `<growth>.<i>`. */
  | { kind: 'submitted'; jobId: string; jobs: string[] }
  /** `size`: no node is that large. `limit`: of jobs at a time; `limit` names it where Slurm does. `invalid`: it will never do. */
  | { kind: 'refused'; why: 'size' | 'limit' | 'invalid'; message: string; limit?: string }
  /** The jobs may exist: look for them by name. */
  | Extract<Refusal, { kind: 'unclear' }>;

export function outcomeOf(result: CommandResult, array: number): SubmitOutcome {
  const { end, stdout, stderr } = result;
  if (end.kind === 'missing') {
    return { kind: 'refused', why: 'invalid', message: 'there is no sbatch on the PATH: this host cannot submit to Slurm' };
  }
  // A site's plugin may print before it; `;cluster` follows where there are several.
  const jobId = /^(\d+)(?:;\S*)?$/m.exec(lastLine(stdout))?.[1];
  if (jobId !== undefined && (end.kind === 'cut off' || end.code === 0)) {
    return { kind: 'submitted', jobId, jobs: Array.from({ length: array }, (_, index) => `${jobId}_${index}`) };
  }
  if (end.kind === 'cut off') return { kind: 'unclear', message: `sbatch: ${end.why}` };
  if (end.code === 0) return { kind: 'unclear', message: `sbatch printed no job id: ${slurmsWords(stdout + stderr)}` };
  return refusalOf(stderr || stdout || `sbatch ended with exit code ${end.code}`);
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
