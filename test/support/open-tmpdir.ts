// Where other users get to, too: tests that root runs do some things as one of them.
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The directory for temporary files; `/tmp` where that is closed to others, as in root's home. */
export function openTmpdir(): string {
  return process.getuid?.() !== 0 || isOpen(tmpdir()) ? tmpdir() : '/tmp';
}

function isOpen(directory: string): boolean {
  const above = path.dirname(directory);
  return (statSync(directory).mode & 0o001) !== 0 && (above === directory || isOpen(above));
}
