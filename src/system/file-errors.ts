// What the file system refuses, as operating errors: of one place, or of all places that were tried.
import { statfsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { isOutflowError, OutflowError } from '../model/errors.ts';

/** Node has no name for it: `code` is `UNKNOWN` or a text. */
function isOverQuota({ errno }: NodeJS.ErrnoException): boolean {
  return errno === -constants.errno.EDQUOT;
}

/** An operating error for what the file system refused: `disk-full` for space, quota and inodes, else `bad-environment`. */
export function fileError(error: unknown, what: string): OutflowError {
  if (isOutflowError(error)) return error;
  const refused = error as NodeJS.ErrnoException;
  const { why, hint } = refusal(refused);
  const isFull = refused.code === 'ENOSPC' || isOverQuota(refused);
  return new OutflowError(isFull ? 'disk-full' : 'bad-environment', `${what}: ${why}`, { hint, cause: error });
}

/** One error for many: `refusals` says why each place that was tried did not serve. */
export function refusedEverywhere(what: string, refusals: readonly OutflowError[], hint: string): OutflowError {
  const [first] = refusals;
  const reasons = refusals.map(({ message }) => `\n${message}`).join('');
  return new OutflowError(first?.code ?? 'bad-environment', `${what}:${reasons}`, { hint, cause: first });
}

function refusal(error: NodeJS.ErrnoException): { why: string; hint: string } {
  if (isOverQuota(error)) {
    const hint = 'remove files of yours there (`quota -s` may say how many you may have), or point OUTFLOW_HOME at another disk';
    return { why: 'your quota is used up (EDQUOT)', hint };
  }
  switch (error.code) {
    case 'ENOSPC':
      if (hasNoInodes(error.path)) {
        const hint = 'remove files there, or point OUTFLOW_HOME at another disk';
        return { why: 'its file system can hold no more files: its inodes are used up (ENOSPC)', hint };
      }
      return { why: 'the disk is full (ENOSPC)', hint: 'free some space, or point OUTFLOW_HOME at a disk that has some' };
    case 'EROFS':
      return {
        why: 'its file system is read-only (EROFS)',
        hint: 'point OUTFLOW_HOME at a directory of your own on another disk',
      };
    default: {
      const why = error.code === 'EACCES' ? `permission denied (EACCES)${ownerOf(error.path)}` : error.message;
      return { why, hint: 'check the permissions, or point OUTFLOW_HOME at a directory of your own' };
    }
  }
}

function hasNoInodes(file: string | undefined): boolean {
  const directory = existingParent(file);
  if (directory === undefined) return false;
  const { files, ffree } = statfsSync(directory);
  return files > 0 && ffree === 0;
}

/** Of the directory that said no, when it is somebody else's. */
function ownerOf(file: string | undefined): string {
  const directory = existingParent(file);
  const mine = process.getuid?.() ?? 0;
  const owner = directory === undefined ? mine : statSync(directory).uid;
  return owner === mine ? '' : `; ${directory} belongs to the user with uid ${owner}, not to you (uid ${mine})`;
}

function existingParent(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  for (let at = path.dirname(path.resolve(file)); ; at = path.dirname(at)) {
    try {
      if (statSync(at, { throwIfNoEntry: false }) !== undefined) return at;
    } catch {
      // Below something that we may not look into.
    }
    if (at === path.dirname(at)) return undefined;
  }
}
