// Whether a directory takes what is to be put there: room for so many bytes and files, and programs that are to run from it.
import { accessSync, constants, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';

/** What is missing, in words; undefined: nothing, unless a quota leaves less than the file system has. */
export function lackOfRoom(directory: string, needed: { bytes: number; files: number }): string | undefined {
  const { blocks, bavail, bsize, files, ffree } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  if (blocks > 0 && freeBytes < needed.bytes) {
    return `its disk has only ${Math.floor(freeBytes / 1e6)} MB free, and ${Math.ceil(needed.bytes / 1e6)} MB are needed`;
  }
  if (files > 0 && ffree < needed.files)
    return `its disk has room for only ${ffree} files (inodes), and ${needed.files} are needed`;
  return undefined;
}

/** Error `bad-environment` where programs cannot be run from `directory`; errors of Node where it cannot be written. */
export function checkTakesPrograms(directory: string): void {
  const file = path.join(directory, `.probe.${hostname()}.${process.pid}.tmp`);
  try {
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o700 });
    if (isRunnable(file)) return;
  } finally {
    rmSync(file, { force: true });
  }
  const message = `${directory}: programs cannot be run from there, as its file system is mounted noexec`;
  throw new OutflowError('bad-environment', message);
}

/** A file system that is mounted `noexec` refuses this also of root. */
export function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
