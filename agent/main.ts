// `outflow agent --join FILE`: puts an agent together, and sees to its end. A first host is started before anything else is
// loaded, as that takes longest: it is ready about when the coordinator is.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../src/model/errors.ts';
import { measuredProgramHash, programHash } from '../src/system/program-hash.ts';
import { removeShipped } from '../src/system/shipped-program.ts';
import { Watchdog } from '../src/system/watchdog.ts';
import type { AgentEnd } from './agent.ts';
import { hostEnvironment } from './hosts/environment.ts';
import { HostPool } from './hosts/host-pool.ts';
import { HostPrograms } from './hosts/programs.ts';
import { awaitJoinFile } from './join-file.ts';
import { narrator } from './narrator.ts';
import { makeScratch } from './scratch.ts';

export interface AgentCommand {
  joinFile: string;
  /** What is said here beats the join file, which may be one for many agents. */
  allocation?: string;
  workers?: number;
}

/** Resolves with the exit code: 0 when the coordinator let it go. Error `agent-failed` without a join file. */
export async function runAgent(options: AgentCommand): Promise<number> {
  const leaving = new AbortController();
  process.on('SIGTERM', () => leaving.abort());
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {}); // meant for the terminal's foreground
  if (options.allocation !== undefined) removeShipped();
  const scratch = makeScratch();
  const watchdog = new Watchdog();
  watchdog.start();
  const pool = new HostPool({
    programs: new HostPrograms(),
    scratchDir: scratch.directory,
    environment: hostEnvironment(process.env, {}, false),
    watch: watchdog,
  });
  try {
    const { joinFile } = options;
    if (isForLocalRun(options)) pool.startAhead();
    if (isAtTerminal(options)) process.on('SIGINT', () => leaving.abort());
    const found = narrator(isAtTerminal(options)).waiting(() => `waiting for the join file ${path.resolve(joinFile)}`);
    const [{ runSession }, join, program] = await Promise.all([
      import('./run-session.ts'),
      awaitJoinFile(joinFile, leaving.signal).finally(found),
      options.allocation === undefined ? programHash() : measuredProgramHash(),
    ]);
    const allocation = options.allocation ?? join.allocation ?? '';
    const workers = options.workers ?? join.workers;
    if (allocation === '') process.on('SIGINT', () => leaving.abort()); // somebody has started it by hand
    const id = join.agent ?? `${allocation || hostname()}.${randomBytes(4).toString('hex')}`;
    const of = { joinFile, join, allocation, programHash: program, workers, id };
    const session = { ...of, scratch, pool, watch: watchdog, leaving: leaving.signal };
    return exitCodeOf(await runSession(session));
  } catch (error) {
    if (leaving.signal.aborted) return 0;
    throw error;
  } finally {
    await pool.stop();
    watchdog.stop();
    scratch.remove();
  }
}

/** Somebody has started it by hand, and looks on. */
function isAtTerminal({ allocation }: AgentCommand): boolean {
  return allocation === undefined && process.stderr.isTTY;
}

/** Its units have this process's environment: hosts need not wait for another. The join file of a local agent comes after it. */
function isForLocalRun({ joinFile, allocation, workers }: AgentCommand): boolean {
  return allocation === undefined && workers === undefined && !existsSync(joinFile);
}

const OF_ONE_VERSION = 'start it with the outflow that submitted the run, or that resumed it last';

function exitCodeOf(end: AgentEnd): number {
  switch (end.kind) {
    case 'done':
      return 0;
    case 'refused':
      throw new OutflowError('agent-failed', `the coordinator refused this agent: ${end.reason}`, { hint: OF_ONE_VERSION });
    case 'unsuited':
      throw new OutflowError('agent-failed', end.reason, { hint: OF_ONE_VERSION });
    case 'orphaned':
      throw new OutflowError(
        'agent-failed',
        `no coordinator could be reached${end.why ? `: ${(end.why as Error).message}` : ''}`,
        {
          cause: end.why,
          hint: `it ends after ${Math.round(end.afterMs / 1000)} s alone; \`outflow resume RUN\` goes on with the run`,
        },
      );
    case 'broken':
      throw end.error;
  }
}
