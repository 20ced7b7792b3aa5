// Which CPUs this process may use, and the programs that bind others to some of them.
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Ids of the CPUs in this process's affinity mask; null where the system does not tell. */
export function affinityMask(): number[] | null {
  if (process.platform !== 'linux') return null;
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return list === undefined ? null : parseCpuList(list);
  } catch {
    return null;
  }
}

/** `0-2,7` → 0, 1, 2, 7. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.trim().split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The path of a program of util-linux; null where there is none, or only one of fewer options (busybox). */
export function utilLinux(program: 'taskset' | 'setpriv'): string | null {
  if (process.platform !== 'linux') return null;
  for (const directory of [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin', '/bin']) {
    const file = path.join(directory, program);
    try {
      accessSync(file, constants.X_OK);
      return path.basename(realpathSync(file)) === program ? file : null;
    } catch {
      // Not in this directory.
    }
  }
  return null;
}
