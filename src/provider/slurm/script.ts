// The job script: the user's prologue, then one srun that starts one agent on each node. It holds no secret.
import type { JobRequest } from './job-request.ts';

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
  ...['-K0', '--wait=0', `\${SLURM_GPUS_ON_NODE:+--gres=gpu:$SLURM_GPUS_ON_NODE}`],
].join(' ');

export function scriptOf(job: Pick<JobRequest, 'agent' | 'cwd' | 'growth' | 'name' | 'prologue'>): string {
  const agent = job.agent.map(quoted).join(' ');
  return `${[
    '#!/bin/bash',
    `# ${job.name}: allocations of an outflow run; each starts one agent a node.`,
    ...goTo(job.cwd),
    ...(job.prologue.length > 0 ? guarded(job.prologue) : []),
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
 * The prologue, in this very shell, so that what it sets reaches the agent. A command of its own top level that fails ends the
 * job and is named (not one within a function or a sourced file, which often fail on purpose); so does an `exit`.
 */
function guarded(prologue: string[]): string[] {
  return [
    `trap 'outflow_code=$?; printf "outflow: the prologue ended the job (exit code %s)\\n" "$outflow_code" >&2; exit ${PROLOGUE_FAILED}' EXIT`,
    `trap 'outflow_code=$?; if [ "\${#BASH_SOURCE[@]}" = 1 ]; then printf "outflow: the prologue failed (exit code %s): %s\\n" "$outflow_code" "$BASH_COMMAND" >&2; trap - EXIT; exit ${PROLOGUE_FAILED}; fi' ERR`,
    ...(prologue.some((line) => /(^|[;&|]|\s)(module|ml)\s/.test(line)) ? MODULES : []),
    '# --- prologue',
    ...prologue,
    '# --- end of the prologue',
    'trap - EXIT ERR',
  ];
}

/** Sites define `module` for login shells; one may not have been among our forefathers. */
const MODULES = ['if ! type module >/dev/null 2>&1; then outflow_path=$PATH; . /etc/profile; PATH=$outflow_path; fi'];

/** As one word of shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
