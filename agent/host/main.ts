// A task host: the process in which the user's code runs, one unit at a time. Started by an agent, ends with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { decodeUnits } from '../wire/columns.ts';
import { FRAME, type Frame, FrameReader } from '../wire/frames.ts';
import { type BeginMessage, HOST_FD, type ToHost } from '../wire/messages.ts';
import { Pulse } from '../wire/pulse.ts';
import { contextDatabases } from './databases.ts';
import { heapLimitBytes } from './heap-limit.ts';
import { Inputs } from './inputs.ts';
import { LogLines } from './log-lines.ts';
import { Outbound } from './outbound.ts';
import { loadPipeline, setupFailure } from './pipeline.ts';
import { ownScope, runningScope } from './scope.ts';
import { captureStandardStreams } from './standard-streams.ts';
import { Surroundings } from './surroundings.ts';
import { TaskHooks } from './task-hooks.ts';
import { handleUncaught } from './uncaught.ts';
import { Units } from './units.ts';

const OOM_SCORE = 500;

/** Lives until its agent closes the pipe, or ends it. */
export function runHost(): Promise<never> {
  offerToBeKilledFirst();
  const host = new Host();
  host.listen();
  return new Promise(() => {});
}

/** Where memory runs out, the kernel ends units (what they start inherits this), not their agent. */
function offerToBeKilledFirst(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    if (Number(readFileSync(file, 'latin1')) < OOM_SCORE) writeFileSync(file, String(OOM_SCORE));
  } catch {
    // Not on Linux.
  }
}

class Host {
  readonly #outbound = new Outbound();
  readonly #lines = new LogLines(this.#outbound);
  readonly #surroundings = new Surroundings();
  readonly #reader = new FrameReader();
  #units: Units | undefined;
  /** Frames that came while the pipeline was being loaded. */
  #deferred: Frame[] | undefined = [];
  #hasFailed = false;

  constructor() {
    captureStandardStreams(this.#lines);
    this.#surroundings.install();
    handleUncaught(this.#lines, (error) => this.#onSetupError(error));
    // The agent signals the whole group: what units have started is to end, this process when it is told to.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    process.on('exit', (code) => this.#onExit(code));
  }

  listen(): void {
    const socket = new Socket({ fd: HOST_FD.fromAgent, readable: true, writable: false });
    socket.on('data', (chunk) => {
      for (const frame of this.#reader.push(chunk)) this.#onFrame(frame);
    });
    socket.on('error', () => endGroup());
    socket.on('end', () => endGroup());
  }

  #onFrame(frame: Frame): void {
    if (frame.kind === FRAME.text) {
      const message = JSON.parse(frame.payload.toString('utf8')) as ToHost;
      if (message.kind === 'begin') {
        void this.#begin(message);
        return;
      }
    }
    if (this.#units === undefined) this.#deferred?.push(frame);
    else this.#onUnitFrame(frame, this.#units);
  }

  #onUnitFrame(frame: Frame, units: Units): void {
    if (frame.kind === FRAME.units) return units.add(decodeUnits(frame.payload));
    const message = JSON.parse(frame.payload.toString('utf8')) as ToHost;
    if (message.kind === 'step') units.addStep(message);
    else if (message.kind === 'recall') units.recall();
    else if (message.kind === 'cancel' && runningScope()?.k === message.k) runningScope()?.cancel();
  }

  async #begin(begin: BeginMessage): Promise<void> {
    try {
      this.#surroundings.enter(begin.workdir, begin.variables);
      const pipeline = await loadPipeline(begin);
      if (this.#hasFailed) return; // by what it had left running
      this.#surroundings.beginUnits();
      this.#units = this.#unitsOf(begin, pipeline);
    } catch (error) {
      this.#onSetupError(error);
      return;
    }
    this.#lines.isMuted = false;
    this.#outbound.send({ kind: 'ready', heapLimitBytes: heapLimitBytes() });
    const deferred = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const frame of deferred) this.#onFrame(frame);
  }

  #unitsOf(begin: BeginMessage, pipeline: Awaited<ReturnType<typeof loadPipeline>>): Units {
    return new Units({
      outbound: this.#outbound,
      pulse: new Pulse(HOST_FD.pulse),
      lines: this.#lines,
      surroundings: this.#surroundings,
      hooks: new TaskHooks(this.#outbound, this.#surroundings),
      inputs: new Inputs(begin.blobDir),
      pipeline,
      context: {
        run: begin.run,
        workdir: begin.workdir,
        lines: this.#lines,
        databases: contextDatabases(begin.databases, (beganAtMs) => this.#onConnectionEnded(beganAtMs)),
      },
      blobDir: begin.blobDir,
    });
  }

  #onConnectionEnded(beganAtMs: number): void {
    const scope = ownScope();
    if (scope !== undefined) this.#outbound.send({ kind: 'connection-ended', k: scope.k, beganAtMs });
  }

  /** False when the set-up is over: the error is some unit's. */
  #onSetupError(error: unknown): boolean {
    if (this.#units !== undefined) return false;
    if (!this.#hasFailed) this.#outbound.send({ kind: 'setup-failed', failure: setupFailure(error) });
    this.#hasFailed = true;
    return true;
  }

  #onExit(code: number): void {
    const scope = runningScope();
    if (scope !== undefined) {
      const caller = ownScope();
      const isItsOwn = caller === undefined || caller === scope;
      this.#lines.end(scope);
      this.#outbound.send({ kind: 'exiting', k: isItsOwn ? scope.k : 0, code });
    }
    this.#outbound.flush();
  }
}

/** The agent has closed the pipe, or is gone: with this process ends all that its units have left behind. */
function endGroup(): void {
  process.on('exit', () => {
    try {
      process.kill(-process.pid, 'SIGKILL');
    } catch {
      // It is no group's leader: started by hand.
    }
  });
  process.exit(0);
}
