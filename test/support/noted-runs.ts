// Runs of fixtures/slurm/noted.ts on the virtual cluster, as tests see them: submitted, watched, looked into.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll } from 'vitest';
import { asUser, type Job, makeSlurmWorld, type SlurmWorld, squeue, submitter } from './slurm.ts';
import { until } from './until.ts';

/** One try of a unit that did not settle it. */
export interface Attempt {
  index: number;
  attempt: number;
  cause: string;
  message: string;
  /** True: it counts as a loss; null: it costs nothing; false: it spent a retry. */
  loss: boolean | null;
}

/** A line of a file of notes: `begin 3 1 123`. */
export interface Note {
  what: string;
  index: number;
  attempt: number;
  job: string;
}

export interface NotedRuns {
  submit(command: string, args?: string[], env?: Record<string, string>): Promise<string>;
  state(run: string): Promise<string>;
  /** Waits until the run has ended, and gives its state. */
  ended(run: string, seconds?: number): Promise<string>;
  /** Of its units, by index; of the step of this ordinal. */
  units(run: string, step?: number): Promise<{ index: number; state: string; attempt: number }[]>;
  attempts(run: string): Promise<Attempt[]>;
  coordinator(run: string): Promise<number>;
  close(): Promise<void>;
}

const STATES: Record<string, string> = { s: 'succeeded', f: 'failed', c: 'cancelled', a: 'aborted' };

/** Within a `describeSlurm`: a world and the runs in it, made before the tests and gone after them. */
export function useNotedRuns(take: (made: { world: SlurmWorld; runs: NotedRuns }) => void): void {
  let world: SlurmWorld | undefined;
  let runs: NotedRuns | undefined;
  beforeAll(async () => {
    world = makeSlurmWorld();
    runs = await notedRuns(world);
    take({ world, runs });
  });
  afterAll(async () => {
    await runs?.close();
    await world?.end();
  });
}

async function notedRuns(world: SlurmWorld): Promise<NotedRuns> {
  const { url } = await world.json<{ url: string }>(['db', 'start']);
  const database = asUser(['node', path.join(world.clone, 'test/fixtures/slurm/query.ts'), url]);
  const answers = createInterface({ input: database.stdout! })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const of = <T>(run: string, select: string): Promise<T[]> => {
    const text = `${select} join outflow.run on run.key = found.run where run.id = $1`;
    const answer = last.then(async () => {
      database.stdin!.write(`${JSON.stringify({ text, values: [run] })}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`the database does not answer: ${(await database).stderr}`);
      return JSON.parse(value) as T[];
    });
    last = answer.catch(() => {});
    return answer;
  };
  const state = async (run: string) => (await world.json<{ state: string }>(['status', run])).state;
  return {
    submit: async (command, args = [], env = {}) => {
      const all = [
        'submit',
        command,
        ...args,
        '--backend',
        'slurm',
        '-p',
        path.join(world.clone, 'test/fixtures/slurm/noted.ts'),
      ];
      return (await world.json<{ run: string }>(all, { env })).run;
    },
    state,
    ended: (run, seconds = 60) =>
      until(
        async () => (await of<{ state: string }>(run, 'select found.state from outflow.run_end as found'))[0]?.state,
        seconds,
      ),
    units: async (run, step = 1) => {
      const rows = await of<{ step: number; index: number; state: string; attempt: number }>(
        run,
        'select step, index, state, attempt from outflow.unit as found',
      );
      return rows
        .filter((row) => row.step === step)
        .map(({ index, state, attempt }) => ({ index, state: STATES[state] ?? state, attempt }))
        .sort((a, b) => a.index - b.index);
    },
    attempts: async (run) => {
      const rows = await of<{ index: number; attempt: number; loss: boolean | null; failure: string }>(
        run,
        'select index, attempt, loss, failure from outflow.attempt as found',
      );
      return rows.map(({ failure, ...row }) => {
        const { cause, message } = JSON.parse(failure) as { cause: string; message: string };
        return { ...row, cause, message };
      });
    },
    coordinator: async (run) => (await of<{ pid: number }>(run, 'select found.pid from outflow.run_lease as found'))[0]!.pid,
    close: async () => {
      database.stdin!.end();
      await database;
    },
  };
}

const ENDED = /^(COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|PREEMPTED|OUT_OF_MEMORY)/;

/** All jobs of a run, those that have ended too. */
export async function jobsOf(run: string): Promise<Job[]> {
  const jobs = await squeue(`--user=${submitter().user}`);
  return jobs.filter(({ name }) => name.startsWith(`outflow-${run}-`));
}

/** Jobs of a run that wait or run; those that only complete do not count. */
export async function liveJobsOf(run: string): Promise<Job[]> {
  return (await jobsOf(run)).filter(({ state }) => !ENDED.test(state) && state !== 'COMPLETING');
}

/** Waits until all jobs of a run have ended, and gives their states, sorted. */
export function endStatesOf(run: string): Promise<string[]> {
  return until(async () => {
    const states = (await jobsOf(run)).map(({ state }) => state);
    return states.every((state) => ENDED.test(state)) && states.sort();
  });
}

/** Waits until no job of a run is left but those that only complete, and says how long that took. */
export async function jobsGone(run: string): Promise<number> {
  const startedMs = performance.now();
  await until(async () => (await liveJobsOf(run)).length === 0, 15);
  return performance.now() - startedMs;
}

export function notesIn(file: string): Note[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean);
  return lines.map((line) => {
    const [what, index, attempt, job] = line.split(' ') as [string, string, string, string];
    return { what, index: Number(index), attempt: Number(attempt), job };
  });
}
