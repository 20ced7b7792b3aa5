// One task host as its agent sees it: the units it was given, the one that runs, and what becomes of them.
import { existsSync } from 'node:fs';
import { LIMITS } from '../../src/model/limits.ts';
import type { Failure } from '../../src/model/states.ts';
import { timeoutText } from '../text.ts';
import type { HostTunnels, Tunnels } from '../tunnels/tunnels.ts';
import type { AgentStep, Unit } from '../units.ts';
import { decodeResults, encodeUnits } from '../wire/columns.ts';
import { FRAME, type Frame, textFrame } from '../wire/frames.ts';
import type { BeginMessage, FromHost, ToHost } from '../wire/messages.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import { type EndedBy, failureOfDeath, failureOfStart, overriding } from './endings.ts';
import { gpuVariables } from './environment.ts';
import { Force } from './force.ts';
import { GivenUnits } from './given-units.ts';
import type { HostListener } from './host-listener.ts';
import { HostOutput } from './host-output.ts';
import { type HostExit, HostProcess, type HostProcessOptions } from './host-process.ts';
import type { HostPrograms } from './programs.ts';

const NO_BLOBS: readonly string[] = [];
const MIB = 1024 * 1024;
/** There on machines with GPUs of AMD. */
const AMD_DEVICE = '/dev/kfd';

export class TaskHost {
  /** CPUs it is bound to; null: none in particular. */
  cpus: readonly number[] | null;
  /** Its unit takes long: see `keepFree`. */
  isKeptFree = false;
  /** What a unit in it may use of memory; 0: no limit. */
  readonly limitMib: number;
  /** GPUs that it sees, for as long as it lives: libraries look once. Null: not chosen yet, or the agent gives out none. */
  #gpus: string | null = null;
  readonly #variables: Record<string, string | null> = {};
  #workdir = '';
  readonly #listenerNow: () => HostListener<TaskHost> | undefined;
  readonly #onGone: () => void;
  readonly #process: HostProcess;
  readonly #given = new GivenUnits();
  readonly #steps = new Set<number>();
  readonly #output = new HostOutput((stream, level, text) => this.#onOutputLine(stream, level, text));
  readonly #deadlines = new Deadlines((deadline) => this.#onDeadline(deadline));
  #state: 'new' | 'begun' | 'ready' | 'leaving' | 'gone' = 'new';
  #isRecalling = false;
  #heapLimitBytes = 0;
  #exiting: { k: number; code: number } | undefined;
  #tunnels: HostTunnels | undefined;
  readonly #force = new Force(() => this.#process.signal('SIGKILL'));
  #setupFailure: Failure | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  /** Frames that wait until the process has been bound to other CPUs. */
  #held: Buffer[] | undefined;
  #lastUnit: Unit | null = null;
  /** The unit seen running, and since when. */
  #seen = { k: 0, sinceMs: 0 };

  /** `listener`: there is none yet while nobody gives it units. */
  constructor(options: HostProcessOptions, listener: () => HostListener<TaskHost> | undefined, onGone: () => void) {
    this.#listenerNow = listener;
    this.#onGone = onGone;
    this.cpus = options.cpus;
    this.limitMib = options.limitMib;
    if (options.limitMib > 0) this.#variables['NODE_OPTIONS'] = options.environment['NODE_OPTIONS'] ?? null;
    this.#process = new HostProcess(options, {
      onFrame: (frame) => this.#onFrame(frame),
      onOutput: (stream, text) => {
        this.#output.add(stream, text);
        this.#listener?.onProgress(this);
      },
      onExit: (exit) => this.#onExit(exit),
    });
  }

  get pid(): number {
    return this.#process.isOver ? 0 : this.#process.pid;
  }

  /** What units in it find around them; null values: not there. */
  get surroundings(): { environment: Readonly<Record<string, string | null | undefined>>; workdir: string } {
    return { environment: { ...this.#process.environment, ...this.#variables }, workdir: this.#workdir };
  }

  /** Units given and not yet told of. */
  get size(): number {
    return this.#given.size;
  }

  get #listener(): HostListener<TaskHost> | undefined {
    return this.#listenerNow();
  }

  /** No unit was ever given to it. */
  get isUnused(): boolean {
    return this.#given.nextK === 1;
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
    return this.#state !== 'leaving' && this.#state !== 'gone' && !this.#isRecalling;
  }

  get isLeaving(): boolean {
    return this.#state === 'leaving' || this.#state === 'gone';
  }

  /** Whether units with this limit may run in it, and with these GPUs. */
  isFor(limitMib: number, gpus: readonly string[] | null): boolean {
    return limitMib === this.limitMib && (gpus === null || this.#gpus === null || this.#gpus === gpus.join(','));
  }

  /** Before it begins. */
  useGpus(ids: readonly string[]): void {
    if (this.#gpus !== null) return;
    this.#gpus = ids.join(',');
    Object.assign(this.#variables, gpuVariables(ids, existsSync(AMD_DEVICE)));
  }

  /** `tunnels`: by which its databases are reached, if they are not directly. */
  begin(message: BeginMessage, tunnels: Tunnels | undefined): void {
    if (this.isLeaving) return;
    this.#state = 'begun';
    this.#workdir = message.workdir;
    this.#tunnels = tunnels?.open(message.databases);
    const databases = this.#tunnels?.databases ?? message.databases;
    this.#send(textFrame({ ...message, databases, variables: this.#variables }));
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
    this.#send(encodeUnits(this.#given.add(step, units)));
  }

  /** The unit that runs, or has ended without our having read so; and for how long it has been seen to. */
  running(nowMs: number): { unit: Unit; forMs: number } | undefined {
    const k = this.#process.isOver ? 0 : this.#process.pulse.lastBegun();
    const unit = this.#given.at(k);
    if (unit === undefined) return undefined;
    if (this.#seen.k !== k) this.#seen = { k, sinceMs: nowMs };
    return { unit, forMs: nowMs - this.#seen.sinceMs };
  }

  /** Whether it holds a unit that is not running and not wanted. */
  hasUnwanted(running: Unit | undefined): boolean {
    return this.#given.hasUnwanted(running);
  }

  /** The running unit takes long: what waits behind it is taken back, and nothing is put there until it has ended. */
  keepFree(): void {
    this.isKeptFree = true;
    if (this.#given.size > 1) this.recall();
  }

  /** Takes back what has not begun: at once what certainly will not, the rest when the host answers. */
  recall(): void {
    if (this.#isRecalling || this.#given.size === 0 || this.isLeaving) return;
    const { pulse } = this.#process;
    pulse.limit(pulse.lastBegun());
    this.#isRecalling = true;
    this.#takeBackFrom(pulse.lastBegun() + 1);
    this.#tell({ kind: 'recall' });
  }

  /** Ends the running unit: a word, a signal to what it has started, and after a time force. What it is taken for then: `by`. */
  cutShort(unit: Unit, by: EndedBy, graceMs: number): void {
    const k = this.#process.pulse.lastBegun();
    if (this.#given.at(k) !== unit) return;
    const isFirst = !this.#force.isOrdered;
    if (!this.#force.order(k, by, graceMs) || graceMs === 0 || !isFirst) return;
    if (by.kind !== 'timeout') this.#tell({ kind: 'cancel', k }); // the host keeps the time as well
    this.#process.signal('SIGTERM');
  }

  /** The running unit was seen to use so much, all of its processes together. */
  useMemory(bytes: number): void {
    const running = this.running(performance.now());
    if (running === undefined || bytes <= this.limitMib * MIB) return;
    this.cutShort(running.unit, { kind: 'memory', bytes, limitMib: this.limitMib }, 0);
  }

  rebind(cpus: readonly number[], programs: HostPrograms): void {
    this.cpus = cpus;
    this.#held = [];
    programs.rebind(this.#process.pid, cpus, () => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const frame of held) this.#send(frame);
    });
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
    this.#send(textFrame(message));
  }

  #send(frame: Buffer): void {
    if (this.#held !== undefined) this.#held.push(frame);
    else if (!this.#process.isOver) this.#process.send(frame);
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
        for (const [k, stream, level, atMs, text] of message.lines)
          this.#listener?.onLine(this.#given.at(k) ?? this.#lastUnit, stream, level, atMs, text);
        return;
      case 'late-log':
        return this.#listener?.onLine(message.unit, message.stream, message.level, message.atMs, message.text);
      case 'dropped': {
        const unit = this.#given.at(message.k);
        if (unit) this.#listener?.onDropped(unit, message.count);
        return;
      }
      case 'succeeded':
      case 'failed': {
        const { by } = this.#force;
        const unit = this.#ended(message.k);
        if (message.unfit) this.#discard();
        if (unit === undefined) return;
        const { startedAtMs, durationMs } = message;
        if (message.kind === 'succeeded')
          this.#listener?.onSucceeded(unit, startedAtMs, durationMs, message.output, message.blobs);
        else
          this.#listener?.onFailed(
            unit,
            startedAtMs,
            durationMs,
            overriding(by) ?? this.#tunnels?.failureOf(message.k, message.failure) ?? message.failure,
          );
        return;
      }
      case 'connection-ended':
        return this.#tunnels?.onConnectionEnded(message.k, message.beganAtMs);
      case 'deadline':
        if (this.#given.at(message.k)) this.#deadlines.set(message);
        return;
      case 'recalled':
        this.#takeBackFrom(message.fromK === 0 ? this.#given.nextK : message.fromK);
        this.#force.clear(message.fromK); // it may have been seen in the moment before it was dropped
        this.#process.pulse.allowAll();
        this.#isRecalling = false;
        return;
      case 'exiting':
        this.#exiting = message;
        return;
    }
  }

  #ended(k: number): Unit | undefined {
    const unit = this.#given.delete(k);
    if (unit === undefined) return undefined;
    this.#output.endLine();
    this.#deadlines.clear();
    this.#force.clear(k);
    this.#lastUnit = unit;
    this.isKeptFree = false;
    return unit;
  }

  /** Code of a unit that has ended may still run in it: what waits there goes elsewhere. */
  #discard(): void {
    this.#process.signal('SIGTERM');
    this.leave();
    this.#takeBackFrom(0);
  }

  #takeBackFrom(fromK: number): void {
    const back = this.#given.deleteFrom(fromK);
    if (back.length > 0) this.#listener?.onBack(back);
  }

  #onDeadline({ k, task, timeoutMs }: Deadline): void {
    const unit = this.#given.at(k);
    if (unit) this.cutShort(unit, { kind: 'timeout', task, message: timeoutText(timeoutMs) }, LIMITS.timeoutGraceMs);
  }

  #onOutputLine(stream: number, level: number, text: string): void {
    if (this.#state === 'new' || this.#state === 'begun') return; // kept as last words
    const unit = this.#given.at(this.#process.isOver ? 0 : this.#process.pulse.lastBegun());
    this.#listener?.onLine(unit ?? this.#lastUnit, stream, level, Date.now(), text);
  }

  #onExit(exit: HostExit): void {
    clearTimeout(this.#startTimer);
    const wasReady = this.#state === 'ready' || this.#heapLimitBytes > 0;
    this.#state = 'gone';
    this.#deadlines.clear();
    const k = this.#process.pulse.lastBegun();
    this.#output.endLine();
    const unit = wasReady && this.#exiting?.k !== 0 ? this.#given.delete(k) : undefined;
    if (unit !== undefined) {
      const sinceMs = this.#seen.k === k ? performance.now() - this.#seen.sinceMs : 0;
      const said = {
        exitCode: this.#exiting?.code,
        stderr: this.#output.lastWords,
        heapLimitBytes: this.#heapLimitBytes,
        limitMib: this.limitMib,
      };
      const failure = failureOfDeath({ end: exit, by: this.#force.by, ...said });
      this.#listener?.onFailed(unit, Date.now() - sinceMs, sinceMs, this.#tunnels?.failureOf(k, failure) ?? failure);
    }
    this.#takeBackFrom(0);
    this.#force.clear(k);
    this.#tunnels?.close();
    this.#onGone();
    const failure = this.#setupFailure ?? failureOfStart({ end: exit, stderr: this.#output.lastWords });
    this.#listener?.onGone(this, wasReady ? null : { failure, isFinal: this.#setupFailure !== undefined });
  }
}
