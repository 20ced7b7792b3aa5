// Runs the built program as a user does, each test file with an OUTFLOW_HOME, a database server and a directory of its own.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { givenToProgram, programWords, projectRoot, sealed, temporaryDirectory } from './program-under-test.ts';

export { projectRoot };

export interface CallOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  /** Another build of outflow than the clone's. */
  program?: string;
}

export interface Ended {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
}

export interface World {
  /** The state root of the processes it starts. */
  home: string;
  /** Where commands are called, unless told otherwise. */
  dir: string;
  env: Record<string, string>;
  /** The words that start a command, for those who start it otherwise: with `dir` and `env`. */
  words(...args: string[]): string[];
  /** Starts a command; what it gives ends as `Ended` with it, whatever its exit code. */
  start(args: string[], options?: CallOptions): ReturnType<typeof startProgram>;
  run(args: string[], options?: CallOptions): Promise<Ended>;
  /** Runs a command with `--json` and gives the document. */
  json<T>(args: string[], options?: CallOptions): Promise<T>;
  /** Writes a file below `dir`. */
  write(file: string, text: string): string;
  /** Stops the server and removes everything. */
  end(): Promise<void>;
}

/** A world with an empty directory; its embedded server starts with the first command that needs it. */
export function makeWorld(): World {
  const root = temporaryDirectory();
  const [home, dir] = [path.join(root, 'h'), path.join(root, 'project')];
  for (const made of [home, dir]) {
    mkdirSync(made, { mode: 0o700 });
    givenToProgram(made);
  }
  // The executable has what pipelines import inside itself.
  if (sealed === undefined) symlinkSync(path.join(projectRoot, 'node_modules'), path.join(root, 'node_modules'));
  const env: Record<string, string> = {
    OUTFLOW_HOME: home,
    OUTFLOW_DB_IDLE: '60',
    NO_COLOR: '1',
    CI: '',
    OUTFLOW_DATABASE_URL: '',
    TERM: 'xterm-256color',
  };

  const start: World['start'] = (args, options = {}) =>
    startProgram(args, { cwd: dir, ...options, env: { ...env, ...options.env } });
  const run: World['run'] = async (args, options) => {
    const { stdout, stderr, exitCode } = await start(args, options);
    return { stdout, stderr, exitCode };
  };
  return {
    home,
    dir,
    env,
    words: (...args) => programWords(args, { cwd: dir, env }),
    start,
    run,
    json: async (args, options) => JSON.parse((await run([...args, '--json'], options)).stdout),
    write: (file, text) => {
      const target = path.join(dir, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text);
      for (let made = target; made !== dir; made = path.dirname(made)) givenToProgram(made);
      return target;
    },
    end: async () => {
      endProcessesOf(home); // a test that failed may have left a run going
      await run(['db', 'stop', '--force']);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** By force: coordinators, agents and hosts whose state root is `home`; not its database server, which is stopped in order. */
export function endProcessesOf(home: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`OUTFLOW_HOME=${home}\0`);
      const what = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (isOurs && /\0(__coordinator|__host|__plan-host|agent)\0/.test(what)) process.kill(Number(pid), 'SIGKILL');
    } catch {} // gone, or another user's
  }
}

function startProgram(args: string[], { cwd = '/', env = {}, input, program }: CallOptions) {
  const [command = '', ...words] = programWords(args, { cwd, env }, program);
  return execa(command, words, { reject: false, cwd, env, ...(input === undefined ? {} : { input }) });
}
