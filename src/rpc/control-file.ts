// The control file: how the CLI on another host reaches the holder of a run. Beside the run's join file, on a file system that the
// hosts share; whoever can read it may do with the run as its user may, so that only a file of that user's, closed to others,
// is believed.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { controlFileIn } from '../system/shared-files.ts';
import type { TlsIdentity } from './tls.ts';

export interface ControlFile {
  /** `host:port`, all of the same coordinator. */
  addresses: readonly string[];
  run: string;
  tls: TlsIdentity;
}

/** Undefined: there is none that we can read, or that is to be believed. */
export function readControlFile(directory: string, run: string): ControlFile | undefined {
  try {
    const file = openSync(controlFileIn(directory), 'r');
    try {
      const { uid, mode } = fstatSync(file);
      if (uid !== (process.getuid?.() ?? uid) || (mode & 0o077) !== 0) return undefined;
      const control: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return isControlFile(control) && control.run === run ? control : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function isControlFile(content: unknown): content is ControlFile {
  const { addresses, run, tls } = (content ?? {}) as Record<string, unknown>;
  const { ca, cert, key } = (tls ?? {}) as Record<string, unknown>;
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  return Array.isArray(addresses) && addresses.length > 0 && [...addresses, run, ca, cert, key].every(isText);
}
