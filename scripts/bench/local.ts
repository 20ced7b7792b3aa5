// The measurements on one machine, one for each promise of docs/performance.md.
import { existsSync } from 'node:fs';
import { type Bench, finish, memoryOf } from './bench.ts';

export interface Figure {
  name: string;
  unit: string;
  values: number[];
  goal: string;
}

export interface Measurement {
  name: string;
  what: string;
  /** Why it cannot be measured here; undefined: it can. */
  missing?(): string | undefined;
  measure(bench: Bench): Promise<Figure[]>;
}

export async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work());
  return results;
}

export const NEWEST = 'select key from outflow.run order by key desc limit 1';

/** Seconds from a map's elements being known to its last unit committed, of the newest run. */
export async function mapSeconds(bench: Bench): Promise<number> {
  const [row] = await bench.query<{ seconds: string }>(
    `select (max(at_ms) filter (where state = 'reducing') - min(at_ms) filter (where state = 'running')) / 1000.0 as seconds
       from outflow.step_event where step = 1 and run = (${NEWEST})`,
  );
  return Number(row?.seconds);
}

const throughput: Measurement = {
  name: 'throughput',
  what: '300,000 units that do nothing, end to end and committed',
  async measure(bench) {
    const count = 300_000;
    const rates = await repeat(3, async () => {
      await bench.run(['run', 'noop', '--count', String(count), '--backend', 'parallel']);
      return count / (await mapSeconds(bench));
    });
    return [{ name: 'units', unit: '/s', values: rates, goal: '≥ 20,000/s' }];
  },
};

const million: Measurement = {
  name: 'million',
  what: 'a map of 1,000,000 elements',
  async measure(bench) {
    const run = finish(bench.start(['run', 'noop', '--count', '1000000', '--backend', 'parallel']));
    const [before] = await bench.query<{ key: number }>(NEWEST);
    const holder = await bench.until(async () => {
      const [row] = await bench.query<{ pid: number }>('select pid from outflow.run_lease where run > $1 and pid <> 0', [
        before?.key,
      ]);
      return row?.pid;
    });
    let peak = 0;
    const watch = setInterval(() => {
      try {
        peak = memoryOf(holder).peak;
      } catch {} // it has ended
    }, 100);
    const { code } = await run;
    clearInterval(watch);
    if (code !== 0) throw new Error(`the run ended with ${code}`);
    const [first] = await bench.query<{ seconds: string }>(
      `select (select min(started_at_ms) from outflow.unit where run = (${NEWEST}) and step = 1) / 1000.0
            - (select max(started_at_ms + duration_ms) from outflow.unit where run = (${NEWEST}) and step = 0) / 1000.0 as seconds`,
    );
    return [
      { name: 'list given to first unit', unit: 's', values: [Number(first?.seconds)], goal: '≤ 3 s' },
      { name: 'coordinator, peak resident', unit: 'MB', values: [peak], goal: '≤ 600 MB' },
      { name: 'units', unit: '/s', values: [1_000_000 / (await mapSeconds(bench))], goal: '≥ 20,000/s' },
    ];
  },
};

const small: Measurement = {
  name: 'small',
  what: '`outflow run` of a pipeline with one task, warm Postgres',
  async measure(bench) {
    const seconds = await repeat(9, async () => (await bench.run(['run', 'one'])).seconds);
    return [{ name: 'whole command', unit: 's', values: seconds, goal: '≤ 1.0 s' }];
  },
};

const sleepers: Measurement = {
  name: 'sleepers',
  what: '6 units that sleep 1 s, with --workers 6',
  async measure(bench) {
    const seconds = await repeat(
      3,
      async () =>
        (await bench.run(['run', 'sleepers', '--count', '6', '--seconds', '1', '--backend', 'parallel', '--workers', '6']))
          .seconds,
    );
    return [{ name: 'whole command', unit: 's', values: seconds, goal: '< 1.6 s' }];
  },
};

const idle: Measurement = {
  name: 'idle-agent',
  what: 'an agent while a unit sleeps',
  async measure(bench) {
    const [before] = await bench.query<{ key: number }>(NEWEST);
    const run = finish(bench.start(['run', 'sleepers', '--count', '1', '--seconds', '4']));
    const pid = await bench.until(async () => {
      const [row] = await bench.query<{ pid: number }>(
        `select agent_event.pid from outflow.agent_event join outflow.unit using (run) where run > $1 and unit.step = 0`,
        [before?.key],
      );
      return row?.pid;
    });
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // the garbage of its start is gone
    const memory = memoryOf(pid);
    await run;
    return [
      { name: 'resident', unit: 'MB', values: [memory.resident], goal: '≤ 95 MB' },
      { name: 'private', unit: 'MB', values: [memory.private], goal: '≤ 35 MB' },
    ];
  },
};

const takeOver: Measurement = {
  name: 'take-over',
  what: 'the coordinator killed with SIGKILL in mid-run; from `outflow resume` to the next units committed',
  async measure(bench) {
    const seconds = await repeat(3, async () => {
      const accepted = await bench.run([
        'submit',
        'sleepers',
        '--count',
        '400',
        '--seconds',
        '0.02',
        '--backend',
        'parallel',
        '--json',
      ]);
      const { run } = JSON.parse(accepted.stdout) as { run: string };
      const settled = async (): Promise<number> =>
        Number(
          (
            await bench.query<{ n: string }>(
              'select count(*) as n from outflow.unit join outflow.run on run.key = unit.run where run.id = $1',
              [run],
            )
          )[0]?.n,
        );
      await bench.until(async () => ((await settled()) > 40 ? true : undefined));
      const [holder] = await bench.query<{ pid: number }>(
        'select pid from outflow.run_lease join outflow.run on run.key = run_lease.run where run.id = $1',
        [run],
      );
      process.kill(holder?.pid as number, 'SIGKILL');
      await bench.until(async () => (existsSync(`/proc/${holder?.pid}/exe`) ? undefined : true)); // a commit may still be under way
      const had = await settled();
      const begun = performance.now();
      const resumed = finish(bench.start(['resume', run]));
      await bench.until(async () => ((await settled()) > had ? true : undefined));
      const took = (performance.now() - begun) / 1000;
      const { code, stderr } = await resumed;
      if (code !== 0) throw new Error(`resume ended with ${code}: ${stderr}`);
      return took;
    });
    return [{ name: 'next units committed', unit: 's', values: seconds, goal: '≤ 3 s' }];
  },
};

export const LOCAL: readonly Measurement[] = [throughput, million, small, sleepers, idle, takeOver];
