// The agent's side of the protocol: what it says and hears on its session, when it sends what it has gathered, when it ends.
import { hostname } from 'node:os';
import { LIMITS } from '../src/model/limits.ts';
import type { CoordinatorClient } from '../src/rpc/client.ts';
import { ownSpoken, whyNotTogether } from '../src/rpc/compatibility.ts';
import type { CoordinatorMessage, Hello, OpenExec, Welcome } from '../src/rpc/messages.ts';
import type { Offer } from './cpus/choose.ts';
import type { Deadline } from './deadline.ts';
import { type Holdings, helloMessages } from './hello.ts';
import { Departure } from './leaving.ts';
import type { Link } from './link.ts';
import type { Outbox } from './outbox.ts';
import type { Work } from './work.ts';

const MIB = 1024 * 1024;
const DEADLINE_TICK_MS = 500;

export interface AgentOptions {
  id: string;
  /** "": of none. */
  allocation: string;
  programHash: string;
  offer: Offer;
  link: Link;
  outbox: Outbox;
  work: Work;
  deadline: Deadline;
  /** Somebody wants a process beside a unit. */
  openExec(request: OpenExec): void;
  /** Units may run when it resolves: the bundle is there. */
  prepare(welcome: Welcome): Promise<void>;
}

/** Why the agent ends; its exit code follows. */
export type AgentEnd =
  | { kind: 'done' }
  | { kind: 'refused'; reason: string }
  /** Its coordinator speaks another protocol. */
  | { kind: 'unsuited'; reason: string }
  | { kind: 'orphaned'; afterMs: number; why: unknown }
  | { kind: 'broken'; error: unknown };

export class Agent {
  readonly #options: AgentOptions;
  readonly #ended = Promise.withResolvers<AgentEnd>();
  readonly #departure: Departure;
  #epoch = 0;
  /** This connection's coordinator has said welcome. */
  #isWelcome = false;
  #isPrepared = false;
  #orphanGraceMs: number = LIMITS.orphanGraceMs;
  #orphanTimer: NodeJS.Timeout | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  #tickTimer: NodeJS.Timeout | undefined;
  #usageTimer: NodeJS.Timeout | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #isFlushing = false;
  #isOver = false;
  #connected = Promise.withResolvers<CoordinatorClient>();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#departure = new Departure(options.work, options.deadline, (leaving) => {
      if (this.#isWelcome) options.link.send({ kind: 'leaving', leaving });
    });
    this.#awaitCoordinator();
  }

  /** Until the agent has nothing more to do, or cannot. */
  get ended(): Promise<AgentEnd> {
    return this.#ended.promise;
  }

  /** The connection, as soon as a coordinator has said welcome. */
  connected(): Promise<CoordinatorClient> {
    return this.#connected.promise;
  }

  end(how: AgentEnd): void {
    this.#ended.resolve(how);
  }

  /** After its end: no timer is left. */
  stop(): void {
    clearTimeout(this.#orphanTimer);
    clearTimeout(this.#flushTimer);
    clearInterval(this.#tickTimer);
    clearInterval(this.#usageTimer);
    clearInterval(this.#deadlineTimer);
    this.#departure.stop();
    this.#isOver = true;
  }

  onOpen(): void {
    const { id, allocation, programHash, offer, link, work } = this.#options;
    const agent: Omit<Hello, 'more' | keyof Holdings> = {
      agent: id,
      allocation,
      host: hostname(),
      pid: process.pid,
      cpus: offer.slots,
      ...ownSpoken(),
      epoch: this.#epoch,
      memoryBytes: offer.memoryMib * MIB,
      gpus: offer.gpus.length,
      programHash,
      job: offer.job,
    };
    for (const hello of helloMessages(agent, work.holdings())) link.send({ kind: 'hello', hello });
  }

  onClose(): void {
    if (this.#isWelcome) this.#connected = Promise.withResolvers();
    this.#isWelcome = false;
    this.#awaitCoordinator();
  }

  onMessage(message: CoordinatorMessage): void {
    if (message.kind === 'welcome') return this.#onWelcome(message.welcome);
    if (!this.#isWelcome) return; // from a coordinator that has been replaced
    const { work, outbox } = this.#options;
    switch (message.kind) {
      case 'step':
        return work.addStep(message.step);
      case 'leases':
        if (message.leases.epoch === this.#epoch) work.addLeases(message.leases);
        return this.#startTicking();
      case 'cancel':
        return work.want(work.find(message.cancel.units), { kind: 'cancel', graceMs: message.cancel.graceMs });
      case 'retract':
        return work.want(work.find(message.retract.units), { kind: 'return' });
      case 'ack':
        outbox.acknowledge(message.ack.seq);
        return this.onChange();
      case 'drain':
        this.#departure.onDrain(message.drain);
        return this.onChange();
      case 'timeLeft':
        return this.#setDeadline(message.timeLeft.seconds);
      case 'openExec':
        return this.#options.openExec(message.openExec);
      case 'heartbeat':
        return;
    }
  }

  /** It must go: what waits goes back; what runs has a short time to end. */
  onSignal(signal: string): void {
    this.#departure.onSignal(signal);
    this.onChange();
  }

  /** Something was gathered, ended or acknowledged: sent at once when nothing more is to be expected, else when it is due. */
  onChange(): void {
    if (this.#isFlushing || this.#isOver) return;
    this.#isFlushing = true;
    // After the other messages of this turn: what hosts wrote to their real stdout is a unit's as well.
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
      this.#endIfDone();
    });
  }

  #onWelcome(welcome: Welcome): void {
    const { link, outbox, work } = this.#options;
    if (welcome.refusal !== '') return this.#ended.resolve({ kind: 'refused', reason: welcome.refusal });
    const whyNot = whyNotTogether(ownSpoken(), welcome, { own: 'agent', other: 'coordinator' });
    if (whyNot !== undefined) return this.#ended.resolve({ kind: 'unsuited', reason: whyNot });
    if (welcome.epoch < this.#epoch) return link.drop(); // of one that has been replaced and does not know it yet
    this.#epoch = welcome.epoch;
    this.#isWelcome = true;
    clearTimeout(this.#orphanTimer);
    this.#orphanTimer = undefined;
    if (welcome.orphanGraceMs > 0) this.#orphanGraceMs = welcome.orphanGraceMs;
    link.accept();
    this.#departure.repeat();
    this.#setDeadline(welcome.secondsLeft);
    this.#usageTimer ??= setInterval(() => this.#tellUsage(), LIMITS.usageMs);
    outbox.resend(welcome.reportSeq);
    for (const demand of work.demands(true)) link.send({ kind: 'demand', demand });
    if (link.client) this.#connected.resolve(link.client);
    if (!this.#isPrepared) this.#prepare(welcome);
    this.onChange();
  }

  #prepare(welcome: Welcome): void {
    this.#isPrepared = true;
    this.#options.prepare(welcome).catch((error: unknown) => this.#ended.resolve({ kind: 'broken', error }));
  }

  /** From now on it is looked at again and again: steps are closed by the passing of time. */
  #setDeadline(secondsLeft: number): void {
    const { deadline } = this.#options;
    deadline.set(secondsLeft, performance.now());
    if (deadline.isKnown) this.#deadlineTimer ??= setInterval(() => this.#onDeadlineTick(), DEADLINE_TICK_MS);
    this.onChange();
  }

  #onDeadlineTick(): void {
    if (this.#options.work.isAtItsEnd(performance.now())) this.#departure.offer();
    this.#options.work.dispatcher.schedule();
    this.onChange();
  }

  #tellUsage(): void {
    if (!this.#isWelcome) return;
    const { link, work } = this.#options;
    const usage = { cpusUsed: work.dispatcher.slotsUsed, memoryBytes: work.memoryUsed, unitsDone: work.unitsDone };
    link.send({ kind: 'usage', usage });
  }

  #flush(): void {
    const { link, outbox, work } = this.#options;
    const { dueAtMs } = outbox;
    if (dueAtMs !== undefined) {
      const waitMs = work.isBusy ? dueAtMs - performance.now() : 0;
      if (waitMs <= 0) outbox.seal();
      else this.#flushTimer ??= setTimeout(() => this.#onFlushTimer(), waitMs);
    }
    if (!this.#isWelcome) return;
    for (const demand of work.demands(false)) link.send({ kind: 'demand', demand });
    while (outbox.hasUnsent && link.isWritable) {
      const report = outbox.nextToSend();
      if (report) link.send({ kind: 'report', report });
    }
  }

  #onFlushTimer(): void {
    this.#flushTimer = undefined;
    this.#flush();
  }

  #startTicking(): void {
    this.#tickTimer ??= setInterval(() => this.#tick(), LIMITS.startedAfterMs);
  }

  #tick(): void {
    const { link, work } = this.#options;
    if (work.holdsNothing) {
      clearInterval(this.#tickTimer);
      this.#tickTimer = undefined;
      return;
    }
    const units = work.tick(performance.now(), this.#isWelcome);
    if (units.length > 0) link.send({ kind: 'started', started: { units } });
  }

  /** While there is no coordinator, the agent goes on with what it has, but not for ever: failed dials are no sign of one. */
  #awaitCoordinator(): void {
    if (this.#isOver) return;
    const afterMs = this.#orphanGraceMs;
    this.#orphanTimer ??= setTimeout(() => {
      this.#ended.resolve({ kind: 'orphaned', afterMs, why: this.#options.link.lastFailure });
    }, afterMs);
  }

  #endIfDone(): void {
    const { outbox, work } = this.#options;
    if (this.#departure.isDecided && work.holdsNothing && outbox.isEmpty) this.#ended.resolve({ kind: 'done' });
  }
}
