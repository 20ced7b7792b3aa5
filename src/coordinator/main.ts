// The `__coordinator` program: gets ready, waits for a run, and holds it.
import { LIMITS } from '../model/limits.ts';
import { touchBuild } from '../system/shared-program.ts';
import { LocalAllocations } from './allocations.ts';
import { submitEnvironment } from './environment.ts';
import { FIRST_ALLOCATION, type StartMessage } from './messages.ts';

/** `runDir`: the 0700 directory of the run to come, or of the one to resume. Resolves with the exit code. */
export async function runCoordinator(runDir: string): Promise<number> {
  process.on('SIGINT', () => {}); // the CLI cancels; we end with the run
  const allocations = new LocalAllocations(runDir);
  const environment = submitEnvironment(runDir);
  if (environment) allocations.environment = environment;
  // A first agent, and all that holds the run, load while the pipeline is still being bundled.
  const early = environment ? undefined : FIRST_ALLOCATION;
  if (early !== undefined) allocations.spawn(early);
  setInterval(touchBuild, LIMITS.programTouchMs).unref();
  const starting = startMessage();
  const { holdRun } = await import('./hold.ts');
  const start = await starting;
  if (start === undefined) {
    allocations.killAll();
    return 0;
  }
  return await holdRun(start, { runDir, allocations, early });
}

/** Undefined: the command that prepared us went away without a run. */
function startMessage(): Promise<StartMessage | undefined> {
  return new Promise((resolve) => {
    process.once('disconnect', () => resolve(undefined));
    process.once('message', (message) => resolve(message as StartMessage));
    if (!process.connected) resolve(undefined);
  });
}
