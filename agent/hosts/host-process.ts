// The process of a task host: started in a process group of its own, spoken to by two pipes, ended with all of its group.
import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { killGroup } from '../../src/system/processes.ts';
import { selfCommand } from '../../src/system/self.ts';
import { makeTempDir } from '../scratch.ts';
import { type Frame, FrameReader } from '../wire/frames.ts';
import { Pulse } from '../wire/pulse.ts';
import { heapVariables } from './heap.ts';
import type { HostPrograms } from './programs.ts';

export interface HostExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The process could not even be started. */
  error?: Error;
}

export interface HostProcessHandlers {
  onFrame(frame: Frame): void;
  /** What did not come from the user's JavaScript but from child processes and native code. */
  onOutput(stream: 1 | 2, text: string): void;
  /** Once, after all that it said has been read. */
  onExit(exit: HostExit): void;
}

export interface HostProcessOptions {
  /** CPUs to start on; null: all. */
  cpus: readonly number[] | null;
  /** Memory that a unit in it may use; 0: no limit. Its heap is kept below. */
  limitMib: number;
  programs: HostPrograms;
  scratchDir: string;
  environment: NodeJS.ProcessEnv;
  /** Told of the group, so that it ends even if this agent is killed. */
  watch: { add(group: number): void; remove(group: number): void };
}

/** How long what is left in the pipes of a dead host may take; processes that left its group may keep them open for ever. */
const LAST_WORDS_MS = 250;
/** How long a host that was told to go may take. */
const LEAVE_MS = 500;

export class HostProcess {
  readonly pulse: Pulse;
  /** What it was started with. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #child: ChildProcess;
  readonly #handlers: HostProcessHandlers;
  readonly #reader = new FrameReader();
  readonly #watch: HostProcessOptions['watch'];
  /** TMPDIR of what runs in it. */
  readonly #tempDir: string;
  /** Frames that wait until the process has been bound to other CPUs. */
  #held: Buffer[] | undefined;
  #leaveTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: HostProcessOptions, handlers: HostProcessHandlers) {
    this.#handlers = handlers;
    this.#watch = options.watch;
    this.pulse = Pulse.create(options.scratchDir);
    this.#tempDir = makeTempDir(options.scratchDir);
    this.environment = { ...options.environment, ...heapVariables(options.limitMib, options.environment), TMPDIR: this.#tempDir };
    const self = selfCommand('__host');
    const [command = self.command, ...args] = options.programs.wrap([self.command, ...self.args], options.cpus);
    this.#child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', this.pulse.fd],
      env: this.environment,
    });
    if (this.#child.pid !== undefined) this.#watch.add(this.#child.pid);
    this.#child.once('error', (error) => this.#finish({ code: null, signal: null, error }));
    this.#child.once('exit', (code, signal) => this.#onExit({ code, signal }));
    for (const [at, stream] of this.#child.stdio.entries()) {
      if (at >= 1 && at <= 4) (stream as Readable).on('error', () => {}); // its end is told by `exit`
    }
    (this.#child.stdio[4] as Readable).on('data', (chunk: Buffer) => {
      for (const frame of this.#reader.push(chunk)) this.#handlers.onFrame(frame);
    });
    for (const [stream, readable] of [
      [1, this.#child.stdout],
      [2, this.#child.stderr],
    ] as const) {
      (readable as Readable).setEncoding('utf8').on('data', (text: string) => handlers.onOutput(stream, text));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(frame: Buffer): void {
    if (this.#held !== undefined) this.#held.push(frame);
    else if (!this.#isOver) (this.#child.stdio[3] as Socket).write(frame);
  }

  /** Binds it to other CPUs. What is sent meanwhile arrives after that. */
  rebind(cpus: readonly number[], programs: HostPrograms): void {
    this.#held = [];
    programs.rebind(this.pid, cpus, () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const frame of held) this.send(frame);
    });
  }

  /** Asks it to go, and all of its group with it; by force if it does not. */
  leave(): void {
    if (this.#isOver || this.#leaveTimer !== undefined) return;
    (this.#child.stdio[3] as Socket).end();
    this.#leaveTimer = setTimeout(() => this.signal('SIGKILL'), LEAVE_MS);
  }

  /** To all of its group. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isOver && this.pid > 0) killGroup(this.pid, signal);
  }

  #onExit(exit: HostExit): void {
    killGroup(this.pid, 'SIGKILL'); // what its units left behind
    const timer = setTimeout(() => this.#finish(exit), LAST_WORDS_MS);
    this.#child.once('close', () => {
      clearTimeout(timer);
      this.#finish(exit);
    });
  }

  #finish(exit: HostExit): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#leaveTimer);
    this.#watch.remove(this.pid);
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#handlers.onExit(exit);
    this.pulse.close();
    rm(this.#tempDir, { recursive: true, force: true }).catch(() => {}); // what is left goes with the scratch directory
  }
}
