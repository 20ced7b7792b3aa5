// The native part of node-pty: loaded here, and only when a terminal is asked for. Its JavaScript is not used: there, what a
// process has written just before its end is lost when the reader is slow, and input that a program does not read keeps a
// CPU busy (1.2.0-beta.15).
import { createRequire } from 'node:module';
import path from 'node:path';
import { isOutflowError } from '../../src/model/errors.ts';
import { isExecutable } from '../../src/system/embedded.ts';
import { unpacked } from '../../src/system/unpack.ts';

export interface NativePty {
  /** Starts a process as the leader of a session with a terminal. `onExit`: its exit code, or the number of a signal. */
  fork(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    directory: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    isUtf8: boolean,
    helper: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number };
  resize(fd: number, columns: number, rows: number, widthPixels: number, heightPixels: number): void;
}

export interface Pty {
  native: NativePty;
  /** A program that starts others on macOS. */
  helper: string;
}

/** Or why there is none. */
export function loadPty(): Pty | { missing: string } {
  const platform = `${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    if (isExecutable) return { native: require(path.join(unpacked('pty'), 'pty.node')) as NativePty, helper: '' };
    const file = require.resolve(`@lydell/node-pty-${platform}`);
    const { native } = require(file) as { native: NativePty };
    return { native, helper: path.resolve(path.dirname(file), '..', 'prebuilds', platform, 'spawn-helper') };
  } catch (error) {
    if (isOutflowError(error)) return { missing: error.message };
    return { missing: 'that node has no node-pty for its system' };
  }
}
