// The beginning of what a job printed outside of any unit: where it says why no agent came up.
import { type FileHandle, open } from 'node:fs/promises';

const LINES = 15;
const BYTES = 4096;
/** Where nothing binds CPUs, srun complains that it shall not; and Slurm notes in it what it did to the job. */
const NOISE =
  /^srun: cluster configuration lacks support for cpu binding|^slurmstepd(-\S+)?: error: \*\*\* (JOB|STEP) |^srun: (Job step aborted|forcing job termination|launch\/slurm: )/;

/** Empty where there is nothing: the job never ran, or its file has not reached this host yet. */
export async function firstLines(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(BYTES), 0, BYTES, 0);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    return lines
      .filter((line) => !NOISE.test(line))
      .slice(0, LINES)
      .join('\n')
      .trimEnd();
  } catch {
    return '';
  } finally {
    await handle?.close();
  }
}
