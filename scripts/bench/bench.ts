// The ground that measurements stand on: a fresh state root with a running database, the program, and ways to look at both.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

const ROOT = path.join(import.meta.dirname, '..', '..');
const PIPELINE = path.join(import.meta.dirname, 'pipelines', 'pipeline.ts');

export interface Finished {
  seconds: number;
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Bench {
  readonly cpus = availableParallelism();
  /** Its state root. */
  readonly home: string;
  readonly #database: pg.Client;

  private constructor(home: string, database: pg.Client) {
    this.home = home;
    this.#database = database;
  }

  static async open(): Promise<Bench> {
    const home = mkdtempSync(path.join(tmpdir(), 'outflow-bench-'));
    const url = (await finish(start(home, ['db', 'start', '--json']))).stdout;
    const database = new pg.Client({ connectionString: (JSON.parse(url) as { url: string }).url });
    await database.connect();
    const bench = new Bench(home, database);
    await bench.run(['run', 'one']); // first of all: migrations, bundles, caches
    return bench;
  }

  /** Starts `outflow` on the pipeline of the measurements. */
  start(args: string[]): ChildProcess {
    return start(this.home, args[0] === 'run' || args[0] === 'submit' ? [...args, '-p', PIPELINE] : args);
  }

  async run(args: string[]): Promise<Finished> {
    const finished = await finish(this.start(args));
    if (finished.code !== 0) throw new Error(`outflow ${args.join(' ')} ended with ${finished.code}:\n${finished.stderr}`);
    return finished;
  }

  async query<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.#database.query<T>(text, values)).rows;
  }

  /** Asks again every few milliseconds until there is an answer. */
  async until<T>(ask: () => Promise<T | undefined>, seconds = 60): Promise<T> {
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`nothing to measure within ${seconds} s`);
  }

  async close(): Promise<void> {
    await this.#database.end();
    await finish(start(this.home, ['db', 'stop', '--force']));
    rmSync(this.home, { recursive: true, force: true });
  }
}

function start(home: string, args: string[]): ChildProcess {
  return spawn(path.join(ROOT, 'bin', 'outflow'), args, {
    env: { ...process.env, OUTFLOW_HOME: home, CI: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function finish(child: ChildProcess): Promise<Finished> {
  const begun = performance.now();
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { seconds: (performance.now() - begun) / 1000, code, stdout, stderr };
}

/** Of a process, in MB: most resident so far, resident now, private now. Linux only. */
export function memoryOf(pid: number): { peak: number; resident: number; private: number } {
  const field = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    peak: field(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM'),
    resident: field(rollup, 'Rss'),
    private: field(rollup, 'Private_Clean') + field(rollup, 'Private_Dirty'),
  };
}
