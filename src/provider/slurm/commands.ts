// Runs one of Slurm's commands: no shell, a clean environment, a deadline. What it printed is a value, whatever its exit code.
import { spawn } from 'node:child_process';
import { LIMITS } from '../../model/limits.ts';

export interface Command {
  program: 'sbatch' | 'squeue' | 'scontrol' | 'scancel' | 'sinfo';
  args: string[];
  env: NodeJS.ProcessEnv;
  stdin?: string;
}

/** `missing`: there is no such program. `cut off`: our deadline, an abort or a signal ended it; what it asked for may be done all the same. */
export type CommandEnd = { kind: 'exited'; code: number } | { kind: 'missing' } | { kind: 'cut off'; why: string };

export interface CommandResult {
  end: CommandEnd;
  stdout: string;
  stderr: string;
}

export async function runCommand(command: Command, signal?: AbortSignal): Promise<CommandResult> {
  if (signal?.aborted) return { end: { kind: 'cut off', why: 'cancelled before it began' }, stdout: '', stderr: '' };
  return await new Promise((resolve) => {
    const child = spawn(command.program, command.args, { env: command.env, cwd: '/', stdio: 'pipe' });
    const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    let bytes = 0;
    let why: string | undefined;

    function cutOff(reason: string): void {
      why ??= reason;
      child.kill('SIGKILL');
    }
    const onAbort = (): void => cutOff('cancelled');
    const deadline = setTimeout(() => cutOff(`no answer in ${LIMITS.slurmCommandMs / 1000} s`), LIMITS.slurmCommandMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    function finish(end: CommandEnd): void {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
      const [stdout, stderr] = [output.stdout, output.stderr].map((chunks) => Buffer.concat(chunks).toString('utf8'));
      resolve({ end, stdout: stdout ?? '', stderr: stderr ?? '' });
    }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > LIMITS.slurmOutputBytes) cutOff(`more than ${LIMITS.slurmOutputBytes} bytes of output`);
        else output[name].push(chunk);
      });
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish(error.code === 'ENOENT' ? { kind: 'missing' } : { kind: 'cut off', why: error.message });
    });
    child.once('close', (code, killedBy) => {
      if (why !== undefined) finish({ kind: 'cut off', why });
      else finish(code === null ? { kind: 'cut off', why: `ended by ${killedBy}` } : { kind: 'exited', code });
    });
    child.stdin.on('error', () => undefined); // it ended before it had read all: its exit code tells
    child.stdin.end(command.stdin ?? '');
  });
}
