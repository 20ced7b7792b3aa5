// The coordinator's loop: takes events in batches, applies them, commits all that must be durable in one transaction, and only
// then sends. Memory may run ahead of Postgres, the wire never.
import type { Core } from '../core/core.ts';
import type { DurableEffect, Effect, SendEffect } from '../core/effects.ts';
import type { Event } from '../core/events.ts';
import { isOutflowError, type OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Store } from '../store/store.ts';
import type { CommitBatch } from '../store/types.ts';

/** Every kind of effect that is sent; the compiler sees to it that none is missing. */
const SENT_KINDS: Record<SendEffect['kind'], true> = {
  welcome: true,
  lease: true,
  'cancel-units': true,
  ack: true,
  drain: true,
  prepare: true,
  reduce: true,
  release: true,
  'ask-site': true,
  allocate: true,
  'end-allocations': true,
  'inspect-allocation': true,
  notice: true,
  'run-ended': true,
};
const SENT: ReadonlySet<Effect['kind']> = new Set(Object.keys(SENT_KINDS) as SendEffect['kind'][]);

export interface LoopHost {
  /** What of the effects is durable, as one transaction; undefined: nothing. */
  batchOf(effects: readonly DurableEffect[]): CommitBatch | undefined;
  onCommitted(batch: CommitBatch): void;
  /** Events were applied, and what of it is durable is committed. */
  onChanged(): void;
  carryOut(effect: SendEffect): void;
  /** The event queue is full, or no longer. */
  setPaused(paused: boolean): void;
  /** Postgres does not take the batch; it is tried again. */
  onDatabaseTrouble(error: OutflowError): void;
  onDatabaseBack(): void;
}

export type LoopEnd = 'ended' | 'fenced' | 'stopped' | { gaveUp: OutflowError };

export class Loop {
  readonly #core: Core;
  readonly #store: Store;
  readonly #run: string;
  readonly #epoch: number;
  readonly #host: LoopHost;
  #queue: Event[] = [];
  #wake: (() => void) | undefined;
  #stopped = false;
  #isRunning = false;
  #commits = 0;

  constructor(core: Core, store: Store, run: string, epoch: number, host: LoopHost) {
    this.#core = core;
    this.#store = store;
    this.#run = run;
    this.#epoch = epoch;
    this.#host = host;
  }

  enqueue(event: Event): void {
    this.#queue.push(event);
    if (this.#queue.length > LIMITS.eventQueue) this.#host.setPaused(true);
    this.#wake?.();
  }

  /** Ends the loop after the batch at hand; nothing more is sent. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Until the run's end is committed and `isDone` says that nobody is left to talk to. */
  async run(isDone: () => boolean): Promise<LoopEnd> {
    this.#isRunning = true;
    try {
      return await this.#turn(isDone);
    } finally {
      this.#isRunning = false;
    }
  }

  async #turn(isDone: () => boolean): Promise<LoopEnd> {
    while (!this.#stopped) {
      const batch = this.#queue.splice(0, LIMITS.eventBatch);
      if (this.#queue.length < LIMITS.eventQueue / 2) this.#host.setPaused(false);
      const effects = this.#apply(batch);
      const outcome = await this.#commit(effects.filter((effect): effect is DurableEffect => !SENT.has(effect.kind)));
      if (outcome !== 'committed') return outcome;
      if (batch.length > 0 || effects.length > 0) this.#host.onChanged();
      for (const effect of effects) if (SENT.has(effect.kind)) this.#host.carryOut(effect as SendEffect);
      if (this.#core.phase.kind === 'ended' && isDone()) return 'ended';
      if (this.#queue.length === 0) await this.#pause();
    }
    return 'stopped';
  }

  #apply(events: readonly Event[]): Effect[] {
    const nowMs = Date.now();
    const effects: Effect[] = [];
    for (const event of events) for (const effect of this.#core.apply(event, nowMs)) effects.push(effect);
    for (const effect of this.#core.apply({ kind: 'tick' }, nowMs)) effects.push(effect);
    return effects;
  }

  /** Waits for an event, or the time of the next one that only the clock brings. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wakeMs = this.#core.nextWakeMs();
      const waitMs = wakeMs === undefined ? LIMITS.heartbeatMs : Math.min(Math.max(0, wakeMs - Date.now()), LIMITS.heartbeatMs);
      const timer = setTimeout(() => this.#wake?.(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        // What else has arrived in this turn of the event loop belongs to the same batch.
        setImmediate(resolve);
      };
    });
  }

  /** Repeats the same batch while Postgres is out of reach or full: no acknowledgement and no lease goes out meanwhile. */
  async #commit(effects: readonly DurableEffect[]): Promise<'committed' | Exclude<LoopEnd, 'ended'>> {
    const batch = this.#host.batchOf(effects);
    if (batch === undefined) return 'committed';
    const numbered = { ...batch, commitId: ++this.#commits };
    const giveUpAtMs = Date.now() + LIMITS.databasePatienceMs;
    for (let waitMs = 100, troubled = false; ; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        const outcome = await this.#store.commit(this.#run, this.#epoch, numbered);
        if (outcome === 'fenced') return 'fenced';
        if (troubled) this.#host.onDatabaseBack();
        this.#host.onCommitted(batch);
        return 'committed';
      } catch (error) {
        if (!isOutflowError(error)) throw error;
        if (Date.now() > giveUpAtMs) return { gaveUp: error };
        if (!troubled) this.#host.onDatabaseTrouble(error);
        troubled = true;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        if (this.#stopped) return 'stopped';
      }
    }
  }
}
