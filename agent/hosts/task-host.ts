// One task host as its agent sees it: the units it was given, the one that runs, and what becomes of them.
import { LIMITS } from '../../src/model/limits.ts';
import type { Failure } from '../../src/model/states.ts';
import type { HostTunnels, Tunnels } from '../tunnels/tunnels.ts';
import type { AgentStep, Unit } from '../units.ts';
import { decodeResults, encodeUnits } from '../wire/columns.ts';
import { FRAME, type Frame, textFrame } from '../wire/frames.ts';
import type { BeginMessage, FromHost, ToHost } from '../wire/messages.ts';
import { type EndedBy, failureOfDeath, failureOfStart, overriding } from './endings.ts';
import { HostLines } from './host-lines.ts';
import type { HostListener } from './host-listener.ts';
import { HostOutput } from './host-output.ts';
import { type HostExit, HostProcess, type HostProcessOptions } from './host-process.ts';
import { HostUnits } from './host-units.ts';
import { HostVariables } from './host-variables.ts';
import type { HostPrograms } from './programs.ts';

const NO_BLOBS: readonly string[] = [];

export class TaskHost {
  /** CPUs it is bound to; null: none in particular. */
  cpus: readonly number[] | null;
  /** Its unit takes long: see `keepFree`. */
  isKeptFree = false;
  /** What a unit in it may use of memory; 0: no limit. */
  readonly limitMib: number;
  readonly #variables: HostVariables;
  #workdir = '';
  readonly #listenerNow: () => HostListener<TaskHost> | undefined;
  readonly #onGone: () => void;
  readonly #process: HostProcess;
  readonly #units: HostUnits;
  readonly #lines: HostLines;
  readonly #steps = new Set<number>();
  readonly #output = new HostOutput((stream, level, text) => this.#onOutputLine(stream, level, text));
  #state: 'new' | 'begun' | 'ready' | 'leaving' | 'gone' = 'new';
  #heapLimitBytes = 0;
  #exiting: { k: number; code: number } | undefined;
  #tunnels: HostTunnels | undefined;
  #setupFailure: Failure | undefined;
  #startTimer: NodeJS.Timeout | undefined;

  /** `listener`: there is none yet while nobody gives it units. */
  constructor(options: HostProcessOptions, listener: () => HostListener<TaskHost> | undefined, onGone: () => void) {
    this.#listenerNow = listener;
    this.#onGone = onGone;
    this.cpus = options.cpus;
    this.limitMib = options.limitMib;
    this.#variables = new HostVariables(options);
    this.#process = new HostProcess(options, {
      onFrame: (frame) => this.#onFrame(frame),
      onOutput: (stream, text) => {
        this.#output.add(stream, text);
        this.#listener?.onProgress(this);
      },
      onExit: (exit) => this.#onExit(exit),
    });
    this.#units = new HostUnits({
      process: this.#process,
      tell: (message) => this.#tell(message),
      onBack: (units) => this.#listener?.onBack(units),
    });
    this.#lines = new HostLines(this.#units, listener);
  }

  get pid(): number {
    return this.#process.isOver ? 0 : this.#process.pid;
  }

  /** What units in it find around them; null values: not there. */
  get surroundings(): { environment: Readonly<Record<string, string | null | undefined>>; workdir: string } {
    return { environment: { ...this.#process.environment, ...this.#variables.all }, workdir: this.#workdir };
  }

  /** Units given and not yet told of. */
  get size(): number {
    return this.#units.size;
  }

  get #listener(): HostListener<TaskHost> | undefined {
    return this.#listenerNow();
  }

  /** No unit was ever given to it. */
  get isUnused(): boolean {
    return this.#units.areUnused;
  }

  get hasBegun(): boolean {
    return this.#state !== 'new';
  }

  /** It cannot run a unit yet. */
  get isStarting(): boolean {
    return this.#state === 'new' || this.#state === 'begun';
  }

  /** May be given units. */
  get isUsable(): boolean {
    return this.#state !== 'leaving' && this.#state !== 'gone' && !this.#units.isRecalling;
  }

  get isLeaving(): boolean {
    return this.#state === 'leaving' || this.#state === 'gone';
  }

  /** Whether units with this limit may run in it, and with these GPUs. */
  isFor(limitMib: number, gpus: readonly string[] | null): boolean {
    return limitMib === this.limitMib && this.#variables.isFor(gpus);
  }

  /** Before it begins. */
  useGpus(ids: readonly string[]): void {
    this.#variables.useGpus(ids);
  }

  /** `tunnels`: by which its databases are reached, if they are not directly. */
  begin(message: BeginMessage, tunnels: Tunnels | undefined): void {
    if (this.isLeaving) return;
    this.#state = 'begun';
    this.#workdir = message.workdir;
    this.#tunnels = tunnels?.open(message.databases);
    const databases = this.#tunnels?.databases ?? message.databases;
    this.#process.send(textFrame({ ...message, databases, variables: this.#variables.all }));
    this.#startTimer = setTimeout(() => {
      const message = `the pipeline was not set up within ${LIMITS.startMs / 1000} s: its modules or its setup wait for something`;
      this.#setupFailure = { cause: 'setup-failed', message };
      this.kill();
    }, LIMITS.startMs);
  }

  /** Gives it units of one step. */
  give(step: AgentStep, units: readonly Unit[], shared: string): void {
    if (!this.#steps.has(step.ordinal)) {
      this.#steps.add(step.ordinal);
      const { id, cpus, map, noOutputs } = step.info;
      this.#tell({ kind: 'step', step: step.ordinal, id, cpus, map, shared, noOutputs });
    }
    this.#process.send(encodeUnits(this.#units.give(step, units)));
  }

  /** The unit that runs, or has ended without our having read so; and for how long it has been seen to. */
  running(nowMs: number): { unit: Unit; forMs: number } | undefined {
    return this.#units.running(nowMs);
  }

  /** Whether it holds a unit that is not running and not wanted. */
  hasUnwanted(running: Unit | undefined): boolean {
    return this.#units.hasUnwanted(running);
  }

  /** The running unit takes long: what waits behind it is taken back, and nothing is put there until it has ended. */
  keepFree(): void {
    this.isKeptFree = true;
    if (this.#units.size > 1) this.recall();
  }

  /** Takes back what has not begun: at once what certainly will not, the rest when the host answers. */
  recall(): void {
    if (!this.isLeaving) this.#units.recall();
  }

  /** Ends the running unit: a word, a signal to what it has started, and after a time force. What it is taken for then: `by`. */
  cutShort(unit: Unit, by: EndedBy, graceMs: number): void {
    this.#units.cutShort(unit, by, graceMs);
  }

  /** `unit` was seen to use so much, all of its processes together. */
  useMemory(unit: Unit, bytes: number): void {
    this.#units.useMemory(unit, bytes, this.limitMib);
  }

  rebind(cpus: readonly number[], programs: HostPrograms): void {
    this.cpus = cpus;
    this.#process.rebind(cpus, programs);
  }

  /** It is not needed any more, or not to be trusted. */
  leave(): void {
    if (this.isLeaving) return;
    this.#state = 'leaving';
    this.#process.leave();
  }

  kill(): void {
    if (this.#state !== 'gone') this.#state = 'leaving';
    this.#process.signal('SIGKILL');
  }

  #tell(message: ToHost): void {
    this.#process.send(textFrame(message));
  }

  #onFrame(frame: Frame): void {
    if (frame.kind === FRAME.results) this.#onResults(frame.payload);
    else this.#onMessage(JSON.parse(frame.payload.toString('utf8')) as FromHost);
    this.#listener?.onProgress(this);
  }

  #onResults(payload: Buffer): void {
    const results = decodeResults(payload);
    for (let i = 0; i < results.k.length; i++) {
      const unit = this.#ended(results.k[i] as number);
      if (unit === undefined) continue;
      const startedAtMs = results.startedAtMs[i] as number;
      this.#listener?.onSucceeded(unit, startedAtMs, results.durationMs[i] as number, results.output[i] as string, NO_BLOBS);
    }
  }

  #onMessage(message: FromHost): void {
    switch (message.kind) {
      case 'ready':
        clearTimeout(this.#startTimer);
        if (!this.isLeaving) this.#state = 'ready';
        this.#heapLimitBytes = message.heapLimitBytes;
        return this.#listener?.onProgress(this);
      case 'setup-failed':
        this.#setupFailure = message.failure;
        return this.leave();
      case 'logs':
      case 'late-log':
      case 'dropped':
        return this.#lines.onMessage(message);
      case 'succeeded':
      case 'failed': {
        const by = this.#units.endedBy;
        const unit = this.#ended(message.k);
        if (message.unfit) this.#discard();
        if (unit === undefined) return;
        const { startedAtMs, durationMs } = message;
        if (message.kind === 'succeeded')
          return this.#listener?.onSucceeded(unit, startedAtMs, durationMs, message.output, message.blobs);
        const failure = overriding(by) ?? this.#tunnels?.failureOf(message.k, message.failure) ?? message.failure;
        return this.#listener?.onFailed(unit, startedAtMs, durationMs, failure);
      }
      case 'connection-ended':
        return this.#tunnels?.onConnectionEnded(message.k, message.beganAtMs);
      case 'deadline':
        return this.#units.setDeadline(message);
      case 'recalled':
        return this.#units.onRecalled(message.fromK);
      case 'exiting':
        this.#exiting = message;
        return;
    }
  }

  #ended(k: number): Unit | undefined {
    const unit = this.#units.end(k);
    if (unit === undefined) return undefined;
    this.#output.endLine();
    this.#lines.onEnded(unit);
    this.isKeptFree = false;
    return unit;
  }

  /** Code of a unit that has ended may still run in it: what waits there goes elsewhere. */
  #discard(): void {
    this.#process.signal('SIGTERM');
    this.leave();
    this.#units.takeBackFrom(0);
  }

  #onOutputLine(stream: number, level: number, text: string): void {
    if (!this.isStarting) this.#lines.onPrinted(stream, level, text); // until then kept as last words
  }

  #onExit(exit: HostExit): void {
    clearTimeout(this.#startTimer);
    const wasReady = this.#state === 'ready' || this.#heapLimitBytes > 0;
    this.#state = 'gone';
    this.#output.endLine();
    const dead = wasReady && this.#exiting?.k !== 0 ? this.#units.takeDead() : undefined;
    if (dead !== undefined) {
      const { k, unit, ranMs } = dead;
      const said = {
        exitCode: this.#exiting?.code,
        stderr: this.#output.lastWords,
        heapLimitBytes: this.#heapLimitBytes,
        limitMib: this.limitMib,
      };
      const failure = failureOfDeath({ end: exit, by: this.#units.endedBy, ...said });
      this.#listener?.onFailed(unit, Date.now() - ranMs, ranMs, this.#tunnels?.failureOf(k, failure) ?? failure);
    }
    this.#units.close();
    this.#tunnels?.close();
    this.#onGone();
    const failure = this.#setupFailure ?? failureOfStart({ end: exit, stderr: this.#output.lastWords });
    this.#listener?.onGone(this, wasReady ? null : { failure, isFinal: this.#setupFailure !== undefined });
  }
}
