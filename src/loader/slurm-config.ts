// `slurm:` of the configuration: a site's defaults for the Slurm backend.
import { z } from 'zod';
import { isOutflowError } from '../model/errors.ts';
import { normalDirectives } from '../plan/directive-names.ts';
import { prologueLines } from '../plan/prologue.ts';
import { SHIPPING } from '../plan/slurm.ts';

/** `read` throws an `OutflowError` for what is wrong; its words become the issue's. */
function readBy<T>(read: (value: unknown) => T) {
  return z.unknown().transform((value, context): T => {
    try {
      return read(value);
    } catch (error) {
      if (!isOutflowError(error)) throw error;
      context.addIssue(`${error.message.trim()}${error.hint === undefined ? '' : ` (${error.hint})`}`);
      return z.NEVER;
    }
  });
}

export const slurmSchema = z.strictObject({
  sbatch: readBy((value) => normalDirectives(value, '', 'bad-config')).optional(),
  prologue: readBy((value) => prologueLines(value, '', 'bad-config')).optional(),
  maxAllocations: z.int().min(1).optional(),
  nodesPerAllocation: z.int().min(1).optional(),
  databaseConnections: z.int().min(2).optional(),
  listen: z.string().min(1).optional(),
  sharedDir: z.string().min(1).optional(),
  ship: z.enum(SHIPPING).optional(),
});
