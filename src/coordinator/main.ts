// The `__coordinator` program: gets ready, waits for a run, and holds it.
import { rmSync } from 'node:fs';
import { LIMITS } from '../model/limits.ts';
import { type Connected, connectAhead } from '../store/index.ts';
import { touchBuild } from '../system/shared-program.ts';
import { LocalAllocations } from './allocations.ts';
import { submitEnvironment } from './environment.ts';
import { holdRun } from './hold.ts';
import { type ConnectMessage, FIRST_ALLOCATION, type StartMessage } from './messages.ts';

/**
 * `runDir`: the 0700 directory of the run to come, or of the one to resume. `isNew`: it was made for us, and goes where no run
 * comes: a command may be killed while it starts. Resolves with the exit code.
 */
export async function runCoordinator(runDir: string, { isNew }: { isNew: boolean }): Promise<number> {
  process.on('SIGINT', () => {}); // the CLI cancels; we end with the run
  const allocations = new LocalAllocations(runDir);
  const environment = submitEnvironment(runDir);
  if (environment) allocations.environment = environment;
  // A first agent loads while the pipeline is still being bundled.
  const early = environment ? undefined : FIRST_ALLOCATION;
  if (early !== undefined) allocations.spawn(early);
  setInterval(touchBuild, LIMITS.programTouchMs).unref();
  const told = listen();
  const start = await told.start;
  if (start === undefined) {
    await allocations.endAll();
    // With an environment in it the run was accepted, and can be resumed.
    if (isNew && submitEnvironment(runDir) === undefined) rmSync(runDir, { recursive: true, force: true });
    return process.exit(0); // it may still be connecting
  }
  const connected = await told.connected?.catch(() => undefined); // `start` says again where, and what fails then is told
  return await holdRun(start, { runDir, allocations, early, connected });
}

interface Told {
  connected: Promise<Connected | undefined> | undefined;
  /** Undefined: the command that prepared us went away without a run. */
  start: Promise<StartMessage | undefined>;
}

function listen(): Told {
  const told: Told = {
    connected: undefined,
    start: new Promise((resolve) => {
      process.once('disconnect', () => resolve(undefined));
      process.on('message', (message: ConnectMessage | StartMessage) => {
        if (message.kind === 'start') return resolve(message);
        told.connected = connectAhead(message.databaseUrl);
        told.connected.catch(() => {});
      });
      if (!process.connected) resolve(undefined);
    }),
  };
  return told;
}
