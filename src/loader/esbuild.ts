// esbuild: its JavaScript is a part of the program, whose code is kept; its own program lies in a package, or is unpacked.
import { createRequire } from 'node:module';
import path from 'node:path';
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { isExecutable } from '../system/embedded.ts';
import { loadPart } from '../system/load-part.ts';
import { unpacked } from '../system/unpack.ts';
import { builtDir } from './program.ts';

export type Esbuild = typeof import('esbuild');

let building = 0;

/** esbuild's service is a child process: it is stopped when nobody builds any more, so that it never outlives its use. */
export async function withEsbuild<T>(work: (esbuild: Esbuild) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const esbuild = await loadEsbuild();
  signal?.throwIfAborted();
  building += 1;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(esbuild), aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    building -= 1;
    if (building === 0) await esbuild.stop();
  }
}

async function loadEsbuild(): Promise<Esbuild> {
  try {
    return isExecutable || builtDir ? builtEsbuild() : await import('esbuild');
  } catch (cause) {
    if (isOutflowError(cause)) throw cause;
    const hint = 'reinstall outflow for this platform (npm install in its directory)';
    throw new OutflowError(
      'pipeline-unbundled',
      `esbuild, which bundles the pipeline, cannot be loaded: ${(cause as Error).message}`,
      { hint, cause },
    );
  }
}

const PROGRAM = 'ESBUILD_BINARY_PATH';

function builtEsbuild(): Esbuild {
  const before = process.env[PROGRAM];
  process.env[PROGRAM] = isExecutable ? path.join(unpacked('esbuild'), 'esbuild') : ownProgram(); // read when it is loaded
  try {
    return loadPart('esbuild') as Esbuild;
  } finally {
    if (before === undefined) delete process.env[PROGRAM];
    else process.env[PROGRAM] = before;
  }
}

function ownProgram(): string {
  return createRequire(import.meta.url).resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}
