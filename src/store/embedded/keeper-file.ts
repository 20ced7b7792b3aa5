// What the keeper says of itself: a file as long as it lives, and one report to whoever started it.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ErrorData } from '../../model/errors.ts';
import { writePrivateFile } from '../../system/home.ts';
import { isSameProcess } from '../../system/processes.ts';
import type { ServerPaths } from './paths.ts';

const KeeperInfo = z.object({ pid: z.number().int(), startedAt: z.string(), idleMs: z.number() });
export type KeeperInfo = z.infer<typeof KeeperInfo>;

export type KeeperReport = { kind: 'serving' } | { kind: 'failed'; error: ErrorData };

export async function writeKeeper(paths: ServerPaths, info: KeeperInfo): Promise<void> {
  await writePrivateFile(paths.keeperFile, `${JSON.stringify(info)}\n`);
}

/** The keeper that lives now; null when there is none. */
export function liveKeeper(paths: ServerPaths): KeeperInfo | null {
  try {
    const info = KeeperInfo.parse(JSON.parse(readFileSync(paths.keeperFile, 'utf8')));
    return isSameProcess(info) ? info : null;
  } catch {
    return null;
  }
}
