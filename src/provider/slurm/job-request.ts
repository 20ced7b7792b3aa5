// What is asked of sbatch for one growth step.
import path from 'node:path';
import type { Directive, Shape, Shipping } from '../../plan/slurm.ts';

export interface JobRequest {
  /** `outflow-<run>-<epoch>-<k>`: unique, and how the jobs are found again. */
  name: string;
  /** Merged already. */
  directives: Directive[];
  shape: Shape;
  /** Jobs of this shape; one is an array as well, so that all ids look alike. */
  array: number;
  prologue: string[];
  /** Where `outflow` was called; the prologue runs there. */
  cwd: string;
  /** The agent's command, absolute, up to the value of its last option: the script adds the allocation's id, `<growth>.<i>`. */
  agent: string[];
  /** `sbcast`: the first word of `agent` is copied to each node, and run there. */
  ship: Shipping;
  /** `<epoch>-<k>`. */
  growth: string;
  /** 0700, on a file system that all nodes see: gets what the jobs print outside of any unit. */
  outputDir: string;
  /** Nodes where agents died at their start. */
  excludeNodes?: string[];
}

/** Where allocation `<growth>.<index>` of the job `name` prints. */
export function outputFile(outputDir: string, name: string, index: number): string {
  return path.join(outputDir, `slurm-${name}.${index}.out`);
}
