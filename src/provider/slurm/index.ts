// Slurm as this user sees it, through its commands. They are few, whatever the number of units, and counted.
import { OutflowError } from '../../model/errors.ts';
import type { SiteFacts } from '../../plan/slurm.ts';
import { sbatchArguments } from './arguments.ts';
import { type Command, type CommandResult, runCommand } from './commands.ts';
import { askingEnvironment, submittingEnvironment } from './environment.ts';
import { nodeReasons, siteFacts } from './facts.ts';
import { type Circumstances, endOf, type JobEnd, mayHaveDiedInProlog } from './job-end.ts';
import { type JobFacts, jobFactsOf } from './job-facts.ts';
import { type JobRequest, outputFile } from './job-request.ts';
import { firstLines } from './output.ts';
import { QUEUE_FORMAT, type QueuedJob, queueOf } from './queue.ts';
import { slurmsWords } from './refusals.ts';
import { scriptOf } from './script.ts';
import { outcomeOf, type SubmitOutcome } from './submit.ts';

export { sbatchArguments } from './arguments.ts';
export type { JobEnd } from './job-end.ts';
export type { JobFacts } from './job-facts.ts';
export { type JobRequest, outputFile } from './job-request.ts';
export { firstLines } from './output.ts';
export type { QueuedJob } from './queue.ts';
export { scriptOf } from './script.ts';
export type { SubmitOutcome } from './submit.ts';

const GONE = /invalid job id|job\/step already completing or completed|job has already finished/i;

export class Slurm {
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal | undefined;
  #calls = 0;

  /** `env`: where Slurm's commands are found; its SLURM_* (but SLURM_CONF) and SBATCH_* change nothing. */
  constructor(options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {}) {
    this.#env = options.env ?? process.env;
    this.#signal = options.signal;
  }

  /** Commands run so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Like `22.05.8`. */
  async version(signal?: AbortSignal): Promise<string> {
    const text = await this.#ask('sinfo', ['--version'], signal);
    return /\d+\.\d+\S*/.exec(text)?.[0] ?? text.trim();
  }

  async site(signal?: AbortSignal): Promise<SiteFacts> {
    // With --all: a partition may be hidden, and be the one that the user names.
    const [nodes, partitions, config] = await Promise.all([
      this.#ask('scontrol', ['--all', '--oneliner', 'show', 'node'], signal),
      this.#ask('scontrol', ['--all', '--oneliner', 'show', 'partition'], signal),
      this.#ask('scontrol', ['show', 'config'], signal),
    ]);
    return siteFacts(nodes, partitions, config);
  }

  /** One sbatch for all jobs of a growth step; the script goes by its stdin. */
  async submit(job: JobRequest, signal?: AbortSignal): Promise<SubmitOutcome> {
    const args = ['--parsable', ...sbatchArguments(job)];
    return outcomeOf(await this.#sbatch(args, job, signal), job.array);
  }

  /** Slurm's estimate of the start, or why it would refuse, in its own words. Submits nothing. */
  async testOnly(job: JobRequest, signal?: AbortSignal): Promise<{ ok: boolean; text: string }> {
    const { end, stdout, stderr } = await this.#sbatch(['--test-only', ...sbatchArguments(job)], job, signal);
    if (end.kind !== 'exited') throw unanswered('sbatch', { end, stdout, stderr });
    return { ok: end.code === 0, text: slurmsWords(`${stderr}\n${stdout}`) };
  }

  /** This user's jobs of these names, those that ended lately too: one squeue. What is gone is left out. */
  async queue(jobNames: string[], signal?: AbortSignal): Promise<QueuedJob[]> {
    if (jobNames.length === 0) return [];
    const args = [...mine(), '--array', '--states=all', `--name=${jobNames.join(',')}`, `--format=${QUEUE_FORMAT}`];
    return queueOf(await this.#ask('squeue', args, signal));
  }

  /** How jobs (`123_0`) stand or ended, one scontrol for each array. What Slurm has forgotten is left out. */
  async describe(jobs: string[], signal?: AbortSignal): Promise<JobFacts[]> {
    const arrays = [...new Set(jobs.map((job) => job.replace(/_.*$/, '')))];
    const known = await Promise.all(
      arrays.map(async (array) => {
        const result = await this.#run(
          { program: 'scontrol', args: ['--oneliner', 'show', 'job', array], env: askingEnvironment(this.#env) },
          signal,
        );
        if (result.end.kind === 'exited' && result.end.code !== 0 && GONE.test(result.stderr + result.stdout)) return [];
        return jobFactsOf(answerOf('scontrol', result));
      }),
    );
    const found = new Map(known.flat().map((facts) => [facts.job, facts]));
    return jobs.flatMap((job) => {
      const facts = found.get(job) ?? found.get(job.replace(/_.*$/, ''));
      return facts === undefined ? [] : [{ ...facts, job }];
    });
  }

  /**
   * Why jobs ended, with the first lines that they printed into `outputDir`, and what Slurm says of their nodes where that may
   * be the cause. Null: it lives. One that Slurm has forgotten ended long ago. `endedBy`: who is known to end one; then
   * it counts that it completes.
   */
  async ends(
    jobs: string[],
    outputDir: string,
    { endedBy, signal }: { endedBy?: (job: string) => Circumstances['endedBy']; signal?: AbortSignal } = {},
  ): Promise<Map<string, JobEnd | null>> {
    const described = new Map((await this.describe(jobs, signal)).map((facts) => [facts.job, facts]));
    const ends = jobs.map(async (job): Promise<[string, JobEnd | null]> => {
      const facts = described.get(job);
      if (facts === undefined) return [job, { cause: 'agent-lost', detail: `Slurm does not know job ${job} any more` }];
      const index = Number(job.split('_')[1] ?? 0);
      const output = await firstLines(outputFile(outputDir, facts.name, index));
      const known = { output, endedBy: endedBy?.(job) };
      const end = endOf(facts, known);
      const isOfNodes = end?.cause === 'node-lost' || (end && mayHaveDiedInProlog(facts));
      if (!isOfNodes || facts.nodes === '') return [job, end];
      const reasons = await this.#ask('scontrol', ['--oneliner', 'show', 'node', facts.nodes], signal).then(
        nodeReasons,
        () => '',
      );
      return [job, endOf(facts, { ...known, nodeReasons: reasons })];
    });
    return new Map(await Promise.all(ends));
  }

  /** One scancel for all; those that are gone are no trouble. */
  async cancel(jobs: string[], signal?: AbortSignal): Promise<void> {
    if (jobs.length === 0) return;
    const result = await this.#run({ program: 'scancel', args: jobs, env: askingEnvironment(this.#env) }, signal);
    if (result.end.kind === 'exited' && result.end.code !== 0) {
      const others = slurmsWords(result.stderr)
        .split('\n')
        .filter((line) => !GONE.test(line));
      if (others.join('') === '') return;
    }
    answerOf('scancel', result);
  }

  /** Ids of this user's jobs that wait or run and whose names begin so. */
  async jobsNamed(beginning: string, signal?: AbortSignal): Promise<string[]> {
    const text = await this.#ask('squeue', [...mine(), '--array', '--format=%i|%j'], signal);
    const jobs = text.split('\n').map((line) => line.trim().split('|'));
    return jobs.flatMap(([job, name]) => (job && name?.startsWith(beginning) ? job : []));
  }

  /** How many jobs of this user, of whatever origin, wait or run. */
  async jobsOfOurs(signal?: AbortSignal): Promise<number> {
    const text = await this.#ask('squeue', [...mine(), '--array', '--format=%i'], signal);
    return text.split('\n').filter((line) => line.trim() !== '').length;
  }

  #sbatch(args: string[], job: JobRequest, signal: AbortSignal | undefined): Promise<CommandResult> {
    const env = submittingEnvironment(this.#env);
    return this.#run({ program: 'sbatch', args, env, stdin: scriptOf(job) }, signal);
  }

  async #ask(program: Command['program'], args: string[], signal: AbortSignal | undefined): Promise<string> {
    return answerOf(program, await this.#run({ program, args, env: askingEnvironment(this.#env) }, signal));
  }

  #run(command: Command, signal: AbortSignal | undefined): Promise<CommandResult> {
    this.#calls += 1;
    const signals = [this.#signal, signal].filter((it) => it !== undefined);
    return runCommand(command, signals.length > 1 ? AbortSignal.any(signals) : signals[0]);
  }
}

/** By number: `--me` is younger than some Slurms that live. Partitions that are hidden too. */
function mine(): string[] {
  return ['--noheader', '--all', `--user=${process.getuid?.() ?? 0}`];
}

function answerOf(program: Command['program'], result: CommandResult): string {
  if (result.end.kind === 'exited' && result.end.code === 0) return result.stdout;
  throw unanswered(program, result);
}

function unanswered(program: Command['program'], { end, stdout, stderr }: CommandResult): OutflowError {
  if (end.kind === 'missing') {
    const hint = 'Run outflow on a host that submits to Slurm (a login node), with its commands on the PATH.';
    return new OutflowError('slurm-failed', `there is no ${program} on the PATH`, { hint });
  }
  const why = end.kind === 'cut off' ? end.why : slurmsWords(stderr || stdout) || `exit code ${end.code}`;
  return new OutflowError('slurm-failed', `${program} failed: ${why}`, { hint: 'Does `sinfo` answer here?' });
}
