// The file system of a directory: its kind, as the kernel names it, and what is free on it.
import { readFileSync, realpathSync, statfsSync } from 'node:fs';

export interface FileSystem {
  /** `ext4`, `nfs4`, `lustre` …; null where the system does not tell. */
  kind: string | null;
  freeBytes: number;
  /** Null: it makes them as they are needed. */
  freeFiles: number | null;
}

const NETWORK =
  /^(nfs\d*|lustre|gpfs|beegfs(_\w+)?|cifs|smb\d*|smbfs|afs|ceph|9p|panfs|wekafs|pvfs2|ocfs2|gfs2?|glusterfs|orangefs|ncpfs|coda|fhgfs|fuse\.(sshfs|glusterfs|ceph\S*|mfs|juicefs|cvmfs2|s3fs|rclone|gcsfuse))$/;

/** Whether other hosts may write there too: locks and durable writes are then not to be relied on. */
export function isNetwork(kind: string | null): boolean {
  return kind !== null && NETWORK.test(kind);
}

/** The directory must exist. */
export function fileSystemOf(directory: string): FileSystem {
  const { bavail, bsize, files, ffree } = statfsSync(directory);
  return { kind: kindOf(realpathSync(directory)), freeBytes: bavail * bsize, freeFiles: files === 0 ? null : ffree };
}

function kindOf(directory: string): string | null {
  try {
    return kindIn(readFileSync('/proc/self/mountinfo', 'utf8'), directory);
  } catch {
    return null;
  }
}

/** In the text of `/proc/self/mountinfo`: of the innermost mount, the last one where several lie over each other. */
export function kindIn(mounts: string, directory: string): string | null {
  let found: { at: string; kind: string } | undefined;
  for (const line of mounts.split('\n')) {
    const [, where, kind] = /^\S+ \S+ \S+ \S+ (\S+) .*? - (\S+) /.exec(line) ?? [];
    if (where === undefined || kind === undefined) continue;
    const at = where.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const holds = at === '/' || directory === at || directory.startsWith(`${at}/`);
    if (holds && at.length >= (found?.at.length ?? 0)) found = { at, kind };
  }
  return found?.kind ?? null;
}

export function bytesText(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 40 ? ['TiB', 2 ** 40] : bytes >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  const amount = bytes / Number(size);
  return `${amount >= 10 ? Math.round(amount) : Number(amount.toFixed(1))} ${unit}`;
}
