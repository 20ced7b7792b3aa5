// esbuild of the single executable: its JavaScript runs from inside, its program is unpacked.
import path from 'node:path';
import { loadPart } from '../system/load-part.ts';
import { unpacked } from '../system/unpack.ts';

const PROGRAM = 'ESBUILD_BINARY_PATH';

export function embeddedEsbuild(): typeof import('esbuild') {
  const before = process.env[PROGRAM];
  process.env[PROGRAM] = path.join(unpacked('esbuild'), 'esbuild'); // read when it is loaded
  try {
    return loadPart('esbuild') as typeof import('esbuild');
  } finally {
    if (before === undefined) delete process.env[PROGRAM];
    else process.env[PROGRAM] = before;
  }
}
