// `outflow agent --join FILE`: puts an agent together, and sees to its end. A first host is started before anything else is
// loaded, as that takes longest: it is ready about when the coordinator is.
import { randomBytes } from 'node:crypto';
import { OutflowError } from '../src/model/errors.ts';
import { LIMITS } from '../src/model/limits.ts';
import { Watchdog } from '../src/system/watchdog.ts';
import type { AgentEnd } from './agent.ts';
import { hostEnvironment } from './hosts/environment.ts';
import { HostPool } from './hosts/host-pool.ts';
import { HostPrograms } from './hosts/programs.ts';
import { awaitJoinFile } from './join-file.ts';
import { makeScratch } from './scratch.ts';

/** Resolves with the exit code: 0 when the coordinator let it go. Error `agent-failed` without a join file. */
export async function runAgent(options: { joinFile: string }): Promise<number> {
  const leaving = new AbortController();
  process.on('SIGTERM', () => leaving.abort());
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {}); // meant for the terminal's foreground
  const scratch = makeScratch();
  const watchdog = new Watchdog();
  watchdog.start();
  const pool = new HostPool({
    programs: new HostPrograms(),
    scratchDir: scratch.directory,
    environment: hostEnvironment(process.env),
    watch: watchdog,
  });
  try {
    pool.startAhead();
    const [{ runSession }, join] = await Promise.all([
      import('./run-session.ts'),
      awaitJoinFile(options.joinFile, leaving.signal),
    ]);
    const id = join.agent ?? `${join.allocation}.${randomBytes(4).toString('hex')}`;
    return exitCodeOf(await runSession({ joinFile: options.joinFile, join, id, scratch, pool, leaving: leaving.signal }));
  } catch (error) {
    if (leaving.signal.aborted) return 0;
    throw error;
  } finally {
    await pool.stop();
    watchdog.stop();
    scratch.remove();
  }
}

function exitCodeOf(end: AgentEnd): number {
  switch (end.kind) {
    case 'done':
      return 0;
    case 'refused':
      throw new OutflowError('agent-failed', `the coordinator refused this agent: ${end.reason}`);
    case 'orphaned':
      throw new OutflowError('agent-failed', 'no coordinator could be reached', {
        hint: `it ends after ${LIMITS.orphanGraceMs / 1000} s alone; \`outflow resume RUN\` goes on with the run`,
      });
    case 'broken':
      throw end.error;
  }
}
