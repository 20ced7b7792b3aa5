// The directory in which an executable is put together: removed at the end, also when it is interrupted; what a killed one has left
// goes at the next start. Several may be at work at once.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

const PREFIX = 'dist.tmp-package-';

/**
 * @template T
 * @param {(directory: string, interrupted: AbortSignal) => Promise<T>} work
 */
export async function inWorkspace(work) {
  removeLeftBehind();
  const directory = path.resolve(`${PREFIX}${hostname()}-${process.pid}`);
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
  }
  mkdirSync(directory);
  try {
    const result = await work(directory, interruption.signal);
    interruption.signal.throwIfAborted();
    return result;
  } catch (error) {
    interruption.signal.throwIfAborted(); // what failed of it, failed because of that
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 }); // a run of the tutorial may be about to end there
  }
}

function removeLeftBehind() {
  for (const name of readdirSync('.').filter((one) => one.startsWith(`${PREFIX}${hostname()}-`))) {
    if (!isAlive(Number(name.replace(/^.*-/, '')))) rmSync(name, { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
