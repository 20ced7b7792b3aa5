// The last line of an executable: the SHA-256 of all that stands before it. So everybody can see whether a copy is whole, and what
// submits to Slurm knows its own hash without reading 130 MB (src/system/program-hash.ts).
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';

/** @param {string} executable */
export function seal(executable) {
  appendFileSync(executable, '\n');
  const hash = createHash('sha256').update(readFileSync(executable)).digest('hex');
  appendFileSync(executable, `sha256:${hash}\n`);
}
