// The job script: the user's prologue, then one srun that starts one agent on each node. It holds no secret.
import type { JobRequest } from './job-request.ts';
import { quoted } from './quoted.ts';
import { SHIPPED_PROGRAM, shipLines } from './ship.ts';

/** The script's exit code when the prologue failed. */
export const PROLOGUE_FAILED = 97;
/** The script's exit code when a node does not see the directory where `outflow` was called. */
export const NO_SUCH_DIRECTORY = 98;

/** Of srun, each for a case seen: see docs/slurm.md. No `-c`: nodes of one job may grant unequal numbers of CPUs. */
const SRUN_OPTIONS = [
  ...['-N"$SLURM_JOB_NUM_NODES"', '-n"$SLURM_JOB_NUM_NODES"', '--ntasks-per-node=1'],
  // All of each node's grant, in the agent's own hands; steps of units may run beside it.
  ...['--overlap', '--cpu-bind=none', '--mem=0', '--mpi=none', '--export=ALL', '--input=none'],
  // An agent that leaves, or a node that dies, does not end the others.
  ...['-K0', '--no-kill', '--wait=0', `\${SLURM_GPUS_ON_NODE:+--gres=gpu:$SLURM_GPUS_ON_NODE}`],
].join(' ');

export function scriptOf(job: Pick<JobRequest, 'agent' | 'cwd' | 'growth' | 'name' | 'prologue' | 'ship'>): string {
  const [program = '', ...args] = job.agent;
  const isShipped = job.ship === 'sbcast';
  const agent = [isShipped ? SHIPPED_PROGRAM : quoted(program), ...args.map(quoted)].join(' ');
  return `${[
    '#!/bin/bash',
    `# ${job.name}: allocations of an outflow run; each starts one agent a node.`,
    ...goTo(job.cwd),
    ...(job.prologue.length > 0 ? guarded(job.prologue) : []),
    ...(isShipped ? shipLines(program) : []),
    // By exec: Slurm's TERM at the time limit reaches srun, not a bash in between.
    `exec srun ${SRUN_OPTIONS} \\`,
    `  ${agent} ${quoted(`${job.growth}.`)}"$SLURM_ARRAY_TASK_ID"`,
  ].join('\n')}\n`;
}

function goTo(cwd: string): string[] {
  return [
    `cd ${quoted(cwd)} || {`,
    `  echo "outflow: $(hostname) does not see the directory where outflow was called; use one that all nodes share" >&2`,
    `  exit ${NO_SUCH_DIRECTORY}`,
    '}',
  ];
}

/**
 * The prologue, in this very shell, so that what it sets reaches the agent, which tells it apart by what there was before. A
 * command of its own top level that fails ends the job and is named (not one within a function or a sourced file, which often
 * fail on purpose); so does an `exit`.
 */
function guarded(prologue: string[]): string[] {
  return [
    'outflow_prologue_failed() {',
    '  trap - EXIT ERR',
    '  printf "outflow: the prologue %s\\n" "$1" >&2',
    `  exit ${PROLOGUE_FAILED}`,
    '}',
    ...(prologue.some((line) => USES_MODULES.test(line)) ? MODULES : []),
    'export OUTFLOW_BEFORE_PROLOGUE="$(env -0 | base64 -w0)"',
    `trap 'outflow_prologue_failed "ended the job (exit code $?)"' EXIT`,
    // Slurm runs the script from a file: `$0` holds its lines.
    `trap 'outflow_code=$?; (( \${#BASH_SOURCE[@]} > 1 )) || outflow_prologue_failed "failed (exit code $outflow_code): $(sed -n "\${LINENO}p" "$0")"' ERR`,
    '# --- prologue',
    ...prologue,
    '# --- end of the prologue',
    'trap - EXIT ERR',
  ];
}

const USES_MODULES = /(^|[;&|(]|\s)(module|ml)\s/;
/** Sites define `module` for login shells; the one that submitted may have been none. */
const MODULES = ['type module >/dev/null 2>&1 || { outflow_path=$PATH; . /etc/profile; PATH=$outflow_path; }'];
