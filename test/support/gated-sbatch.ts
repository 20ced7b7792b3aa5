// An sbatch that waits at a gate, so that a test can change the world between the decision to submit and the submission. What is
// called then is the real one.
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SlurmWorld } from './slurm.ts';

export interface GatedSbatch {
  /** For the command that submits. */
  env: { PATH: string };
  /** This file is there once sbatch was called; it holds the arguments. */
  reached: string;
  open(): void;
  /** The file of `--output`. */
  outputFile(): string;
}

export function gatedSbatch(world: SlurmWorld, name: string): GatedSbatch {
  const [reached, gate] = ['reached', 'gate'].map((what) => path.join(world.dir, 'gates', name, what)) as [string, string];
  const lines = [
    '#!/bin/sh',
    `printf '%s\\n' "$@" > ${reached}.part && mv ${reached}.part ${reached}`,
    `while [ ! -e ${gate} ]; do sleep 0.02; done`,
    'exec /usr/bin/sbatch "$@"',
  ];
  const file = world.write(`gates/${name}/bin/sbatch`, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
  const node = path.join(world.clone, `node_modules/node-linux-${process.arch}/bin`);
  return {
    env: { PATH: `${path.dirname(file)}:${path.join(world.clone, 'bin')}:${node}:/usr/local/bin:/usr/bin:/bin` },
    reached,
    open: () => world.write(`gates/${name}/gate`, ''),
    outputFile: () => /^--output=(.*)$/m.exec(readFileSync(reached, 'utf8'))?.[1] as string,
  };
}
