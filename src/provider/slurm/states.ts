// Slurm's job states, as far as they matter: waits, lives, has ended. A state that is unknown means alive.

export type JobPhase = 'pending' | 'running' | 'ending' | 'ended';

const PENDING = new Set(['PENDING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'SPECIAL_EXIT', 'RESV_DEL_HOLD']);
const ENDED = new Set([
  ...['COMPLETED', 'CANCELLED', 'FAILED', 'TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL', 'DEADLINE', 'OUT_OF_MEMORY'],
  ...['REVOKED', 'LAUNCH_FAILED', 'RECONFIG_FAIL'],
]);

/** The base state without flags or words after it: `CANCELLED by 0`, `RUNNING,COMPLETING`, `NODE_FAIL+`. */
export function baseState(text: string): string {
  return /^[A-Z_]+/.exec(text.trim())?.[0] ?? '';
}

export function phaseOf(state: string): JobPhase {
  const base = baseState(state);
  if (/COMPLETING|STAGE_OUT/.test(state)) return 'ending';
  if (PENDING.has(base)) return 'pending';
  return ENDED.has(base) ? 'ended' : 'running';
}
