// What is set in the environment of one host only: the GPUs that it sees, and what its limit of memory must not leave behind.
import { existsSync } from 'node:fs';
import { gpuVariables } from './environment.ts';
import type { HostProcessOptions } from './host-process.ts';

/** There on machines with GPUs of AMD. */
const AMD_DEVICE = '/dev/kfd';

export class HostVariables {
  /** Null: not set. */
  readonly all: Record<string, string | null> = {};
  /** GPUs that it sees, for as long as it lives: libraries look once. Null: not chosen yet, or the agent gives out none. */
  #gpus: string | null = null;

  constructor({ limitMib, environment }: Pick<HostProcessOptions, 'limitMib' | 'environment'>) {
    if (limitMib > 0) this.all['NODE_OPTIONS'] = environment['NODE_OPTIONS'] ?? null;
  }

  /** Whether units with these GPUs may run in it. */
  isFor(gpus: readonly string[] | null): boolean {
    return gpus === null || this.#gpus === null || this.#gpus === gpus.join(',');
  }

  useGpus(ids: readonly string[]): void {
    if (this.#gpus !== null) return;
    this.#gpus = ids.join(',');
    Object.assign(this.all, gpuVariables(ids, existsSync(AMD_DEVICE)));
  }
}
