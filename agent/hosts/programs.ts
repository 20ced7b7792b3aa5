// The programs around a host: one that binds it to CPUs, one that has the kernel end it with its agent.
import { execFile } from 'node:child_process';
import { utilLinux } from '../cpus/affinity.ts';

export class HostPrograms {
  readonly taskset = utilLinux('taskset');
  readonly #setpriv = utilLinux('setpriv');

  /** The command, wrapped (each wrapper replaces itself by what it wraps: one more millisecond each, no process more). */
  wrap(command: readonly string[], cpus: readonly number[] | null): string[] {
    let wrapped = [...command];
    if (this.taskset !== null && cpus !== null) wrapped = [this.taskset, '-c', cpus.join(','), ...wrapped];
    if (this.#setpriv !== null) wrapped = [this.#setpriv, '--pdeathsig', 'KILL', '--', ...wrapped];
    return wrapped;
  }

  /** Binds a process, all of its threads, to other CPUs. What cannot be bound runs unbound. */
  rebind(pid: number, cpus: readonly number[], done: () => void): void {
    if (this.taskset === null) return done();
    execFile(this.taskset, ['-a', '-c', '-p', cpus.join(','), String(pid)], { timeout: 5_000 }, () => done());
  }
}
