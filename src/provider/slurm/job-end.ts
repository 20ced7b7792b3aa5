// Why an allocation ended, as a cause that core knows and words that people can act on.
import type { Cause } from '../../model/states.ts';
import type { JobFacts } from './job-facts.ts';
import { NO_SUCH_DIRECTORY, PROLOGUE_FAILED } from './script.ts';
import { SHIPPING_FAILED } from './ship.ts';

export interface JobEnd {
  cause: Cause;
  /** For people; with the first lines of what the job printed, where they can tell more. */
  detail: string;
}

export interface Circumstances {
  /** The first lines of its output file. */
  output?: string;
  /** Who is known to end it, if anybody. */
  endedBy?: 'us' | 'others' | undefined;
  /** What Slurm says of its nodes. */
  nodeReasons?: string;
}

/** In place of the signal, where slurmd could not start the script. */
const LAUNCH_FAILURE = 53;

/**
 * Null: it has not ended. While the processes of a job that somebody ends have time to end, Slurm hides its state behind COMPLETING,
 * but not what led to it.
 */
export function endOf(job: JobFacts, { output = '', endedBy, nodeReasons = '' }: Circumstances = {}): JobEnd | null {
  const isHidden = job.phase === 'ending' && endedBy !== undefined;
  if (job.phase !== 'ended' && !isHidden) return null;
  const prologFailed = endedBy === undefined && (diedInProlog(job) || (mayHaveDiedInProlog(job) && /prolog/i.test(nodeReasons)));
  const shown = isHidden ? { ...job, state: hiddenState(job) } : job;
  const { cause, text, withOutput } = explained(shown, prologFailed, endedBy === 'us');
  const on = job.nodes === '' ? '' : ` on ${job.nodes}`;
  const printed = withOutput && output.trim() !== '' ? `; it printed:\n${output.trim()}` : '';
  const because = cause === 'node-lost' && nodeReasons !== '' ? ` (${nodeReasons})` : '';
  return { cause, detail: `job ${job.job}${on} ${text}${because}${printed}` };
}

function hiddenState({ reason, preemptedMs }: JobFacts): string {
  if (preemptedMs !== null) return 'PREEMPTED';
  if (reason === 'TimeLimit') return 'TIMEOUT';
  if (reason === 'DeadLine') return 'DEADLINE';
  return reason === 'NodeDown' ? 'NODE_FAIL' : 'CANCELLED';
}

interface Explained {
  cause: Cause;
  text: string;
  withOutput: boolean;
}

function explained(job: JobFacts, prologFailed: boolean, byUs: boolean): Explained {
  const loss = (cause: Cause, text: string, withOutput = false): Explained => ({ cause, text, withOutput });
  const wasCancelled = `was cancelled ${byUs ? 'by outflow' : '(scancel, or by an administrator)'}`;
  switch (job.state) {
    case 'TIMEOUT':
      return loss('walltime', `reached its time limit${job.timeLimit === '' ? '' : ` of ${job.timeLimit}`}`);
    case 'DEADLINE':
      return loss('walltime', 'reached its deadline');
    case 'PREEMPTED':
      return loss('preempted', 'was preempted by a job of higher priority');
    case 'CANCELLED':
      if (prologFailed) {
        return loss(
          'node-lost',
          "ended before its script began: most often the site's prolog failed there, which is for its administrators",
        );
      }
      return loss('cancelled', wasCancelled, true);
    case 'REVOKED':
      return loss('cancelled', wasCancelled);
    case 'NODE_FAIL':
      return loss('node-lost', 'ended as its node failed');
    case 'BOOT_FAIL':
      return loss('node-lost', 'ended as its node did not boot');
    case 'RECONFIG_FAIL':
      return loss('node-lost', 'ended as its node could not be configured');
    case 'OUT_OF_MEMORY':
      return loss(
        'out-of-memory',
        'had a process ended by the kernel, as it was out of memory: say what a unit needs with `memPerTask`, or set more `mem`',
        true,
      );
    case 'COMPLETED':
      return loss('agent-lost', 'has ended by itself', true);
    default:
      return loss('agent-lost', failure(job), true);
  }
}

/** Not put back into the queue, a job whose prolog failed looks cancelled; but scancel leaves a signal or an exit code. */
function diedInProlog(job: JobFacts): boolean {
  return mayHaveDiedInProlog(job) && job.startMs !== null && job.startMs === job.endMs;
}

/** Where it took its time, what Slurm says of its nodes tells. */
export function mayHaveDiedInProlog({ phase, state, nodes, exitCode, signal }: JobFacts): boolean {
  return phase === 'ended' && state === 'CANCELLED' && nodes !== '' && exitCode === 0 && signal === 0;
}

function failure(job: JobFacts): string {
  if (job.exitCode === PROLOGUE_FAILED) return 'failed in its prologue';
  if (job.exitCode === NO_SUCH_DIRECTORY) return 'found no directory where outflow was called';
  if (job.exitCode === SHIPPING_FAILED)
    return "could not put outflow on its nodes' disks (--ship sbcast): make room there, point TMPDIR elsewhere in the prologue, or use --ship path";
  if (job.reason === 'BadConstraints') return 'was refused: no node can satisfy what it asks for';
  if (job.state === 'LAUNCH_FAILED' || job.signal === LAUNCH_FAILURE) {
    return (
      'could not be launched (JobLaunchFailure, exit code 0:53): most often the node cannot write the output directory, ' +
      "which must be on a file system that all nodes share (`slurm.sharedDir`); else the site's prolog failed there"
    );
  }
  if (job.exitCode === 127) return 'failed with exit code 127: a command was not found, or the agent is not on this node';
  if (job.exitCode === 126) return 'failed with exit code 126: a command cannot be executed on this node';
  // Its reason is JobLaunchFailure too.
  if (job.signal > 0) return `was ended by signal ${job.signal} on the node`;
  return `failed with exit code ${job.exitCode}`;
}
