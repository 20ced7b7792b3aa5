// The allocations of a run, with commands of Slurm that answer as a test has it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GivenProgram } from '../../../src/coordinator/slurm/given-program.ts';
import { SlurmJobs } from '../../../src/coordinator/slurm/jobs.ts';
import type { Event } from '../../../src/core/events.ts';
import { Slurm } from '../../../src/provider/slurm/index.ts';
import { SharedProgram } from '../../../src/system/shared-program.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'outflow-slurm-jobs-'));
let jobs: SlurmJobs | undefined;
afterEach(() => {
  jobs?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function command(name: string, script: string): void {
  writeFileSync(path.join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** The first event after one allocation was asked for. */
function askedFor(): Promise<Event> {
  const { promise, resolve } = Promise.withResolvers<Event>();
  const slurm = { kind: 'slurm', directives: [], maxAllocations: 1, nodesPerAllocation: 1 } as const;
  const made = new SlurmJobs({
    slurm: new Slurm({ env: { PATH: `${directory}:/usr/bin:/bin` } }),
    run: 'r',
    pools: { specs: [{ kind: 'local' }, slurm], prologues: [[], []], ofStep: [1] },
    program: new GivenProgram(new SharedProgram(directory), () => {}),
    agent: ['agent'],
    ship: 'path',
    cwd: directory,
    outputDir: directory,
    enqueue: resolve,
    onEndKnown: () => {},
    log: () => {},
    notice: () => {},
  });
  jobs = made;
  const shape = { cpus: 1, memoryMib: null, gpus: 0, nodes: 1, unitsPerNode: 1, why: '' };
  made.allocate({ kind: 'allocate', pool: 1, allocations: ['1-1.0'], shape, excludedNodes: [] });
  return promise;
}

test('a refusal counts though Slurm does not say then what other jobs there are', async () => {
  command('sbatch', 'echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; exit 1');
  command('squeue', 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1');
  expect(await askedFor()).toMatchObject({ kind: 'allocations-refused', why: 'limit', othersOfOurs: true });
});
