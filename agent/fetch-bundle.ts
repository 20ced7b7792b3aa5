// The user's pipeline on this node: of the agents that start here at the same moment, one fetches it, and the others wait for it.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { foundBundle, type Materialize, materializeBundle } from '../src/loader/materialize.ts';
import { withLock } from '../src/system/lock.ts';
import { makePlace, temporaryPlaces } from '../src/system/places.ts';

/** After this time the other may wait for a coordinator that is gone. */
const WAIT_MS = 10_000;

/** Gives the script's path. Errors as `materializeBundle`. */
export async function fetchBundle(bundle: Materialize): Promise<string> {
  const found = await foundBundle(bundle);
  if (found !== undefined) return found;
  let fetching: Promise<string> | undefined;
  try {
    const lock = lockFile();
    return await withLock(lock, { timeoutMs: WAIT_MS, what: 'the bundle of the pipeline' }, async () => {
      fetching = materializeBundle(bundle); // there by now, when we have waited
      await fetching.finally(() => rm(lock, { force: true }));
      return await fetching;
    });
  } catch {
    // No locks there, or the other takes too long: that it is fetched twice is no harm.
    return await (fetching ?? materializeBundle(bundle));
  }
}

/** On this node's own disk: locks of a shared one are slow, or none. */
function lockFile(): string {
  const [place] = temporaryPlaces();
  if (place === undefined) throw new Error('there is no directory for temporary files');
  return path.join(makePlace(place), 'bundle.lock');
}
