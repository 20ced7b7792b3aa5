// The part of the job script that puts the program on the disks of the job's nodes.
import { SHIPPED } from '../../system/shipped-program.ts';
import { quoted } from './quoted.ts';

/** The script's exit code when sbcast failed. */
export const SHIPPING_FAILED = 96;

/** The word of the script that names the program on each node. */
export const SHIPPED_PROGRAM = '"$outflow_program"';

/**
 * A new file, of this user alone: without --force sbcast opens none that is there, whoever may have put it into a directory
 * that all can write to. The agent removes it when it runs: see system/shipped-program.ts.
 */
export function shipLines(program: string): string[] {
  return [
    '# The program, on the disk of each node of this job. Its agent removes it there as soon as it runs.',
    `outflow_program=\${TMPDIR:-/tmp}/outflow-$UID.$SLURM_JOB_ID.$HOSTNAME.$$`,
    `sbcast ${quoted(program)} ${SHIPPED_PROGRAM} || {`,
    '  outflow_code=$?',
    `  rm -f -- ${SHIPPED_PROGRAM}`,
    `  echo "outflow: sbcast could not put it at $outflow_program on all nodes of this job (exit code $outflow_code)" >&2`,
    `  exit ${SHIPPING_FAILED}`,
    '}',
    `export ${SHIPPED}=$outflow_program`,
  ];
}
