// What the probe on a node tells: by way of the network, and as a file in the run's directory.
import path from 'node:path';
import { z } from 'zod';

/** Name of a blob that has the time here. */
export const CLOCK = 'clock';

const Report = z.object({
  host: z.string(),
  /** Its clock. */
  atMs: z.number(),
  /** Its clock less ours; null: it did not reach us to compare. */
  aheadMs: z.number().nullable(),
  node: z.string(),
  /** By the kernel's names. */
  limits: z.record(z.string(), z.number().nullable()).nullable(),
  cpus: z.object({
    /** What Slurm granted; 0: it does not tell. */
    granted: z.number(),
    /** CPUs that the process may use; null: the system does not tell. */
    usable: z.number().nullable(),
    warning: z.string(),
  }),
  directory: z.object({ kind: z.string().nullable(), error: z.string().nullable() }),
  temporary: z.object({ path: z.string(), freeBytes: z.number(), error: z.string().nullable() }),
  /** Each address that it was given; an error: why we were not found there. */
  addresses: z.array(z.object({ address: z.string(), error: z.string().nullable() })),
});

export type NodeReport = z.infer<typeof Report>;

export function parseReport(text: string): NodeReport {
  return Report.parse(JSON.parse(text));
}

export function reportFile(joinFile: string): string {
  return path.join(path.dirname(joinFile), 'report.json');
}
