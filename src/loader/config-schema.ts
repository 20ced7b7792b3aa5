// What a configuration file may say, and how one that says something else is answered. Loaded only where there is a file.
import path from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { OutflowError } from '../model/errors.ts';
import { BACKENDS, type Backend, type Directives } from '../plan/plan.ts';
import type { Shipping } from '../plan/slurm.ts';
import { nearest } from './nearest.ts';
import { slurmSchema } from './slurm-config.ts';

export { parse as parseYaml } from 'yaml';

export interface Config {
  /** Absent: there is no configuration file, and all else is absent as well. */
  file?: string | undefined;
  /** As it is written: from the file's directory. */
  pipeline?: string | undefined;
  backend?: Backend | undefined;
  workers?: number | undefined;
  database?: string | undefined;
  databases: Record<string, string>;
  idleMs?: number | undefined;
  slurm?: SlurmConfig | undefined;
}

export interface SlurmConfig {
  sbatch?: Directives | undefined;
  prologue?: string[] | undefined;
  maxAllocations?: number | undefined;
  nodesPerAllocation?: number | undefined;
  databaseConnections?: number | undefined;
  listen?: string | undefined;
  /** Absolute. */
  sharedDir?: string | undefined;
  ship?: Shipping | undefined;
}

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a URL that begins with postgres:// or postgresql://');

const backend = z.enum([...BACKENDS, 'default']).transform((name) => (name === 'default' ? 'sequential' : name));

const duration = z.union([z.number(), z.string()]).transform((value, context) => {
  const ms = parseDuration(value);
  if (ms === undefined) context.addIssue('must be a duration: a number of seconds, or text like 30s, 10m, 2h');
  return ms ?? z.NEVER;
});

const schema = z.strictObject({
  pipeline: z.string().min(1).optional(),
  backend: backend.optional(),
  workers: z.int().min(1).optional(),
  database: postgresUrl.optional(),
  databases: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'a name of a database has letters, digits and _ only'), postgresUrl)
    .optional(),
  db: z.strictObject({ idle: duration.optional() }).optional(),
  slurm: slurmSchema.optional(),
});

/** Names that may stand at a place in the file, by the path to it. */
const KEYS: Readonly<Record<string, string[]>> = {
  '': Object.keys(schema.shape),
  db: ['idle'],
  slurm: Object.keys(slurmSchema.shape),
};

/** Error `bad-config`, which names each fault with its place. */
export function checkConfig(file: string, content: unknown): Config {
  const result = schema.safeParse(content);
  if (!result.success) {
    const lines = result.error.issues.flatMap(describeIssue);
    const hint = `docs/pipelines.md lists what may stand in ${path.basename(file)}`;
    throw new OutflowError('bad-config', `the configuration ${file} is not valid: ${lines.join('; ')}`, { hint });
  }
  const { db, databases = {}, slurm, ...rest } = result.data;
  const sharedDir = slurm?.sharedDir && path.resolve(path.dirname(file), slurm.sharedDir);
  return { file, ...rest, databases, idleMs: db?.idle, ...(slurm && { slurm: { ...slurm, ...(sharedDir && { sharedDir }) } }) };
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = KEYS[at] ?? [];
    return issue.keys.map((key) => {
      const near = at === '' && key in slurmSchema.shape ? `slurm.${key}` : nearest(key, known);
      return `unknown key ${at && `${at}.`}${key} (${near === undefined ? `known: ${known.join(', ')}` : `did you mean ${near}?`})`;
    });
  }
  return [at === '' ? issue.message : `${at}: ${issue.message}`];
}
