// The agent's connection to whoever coordinates: dials again and again, by the join file of the moment, and notices silence.
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../src/model/limits.ts';
import type { CoordinatorClient, Session } from '../src/rpc/client.ts';
import { dialFirst } from '../src/rpc/dial.ts';
import type { AgentMessage, CoordinatorMessage } from '../src/rpc/messages.ts';
import type { JoinFile } from './join-file.ts';

export interface LinkHandlers {
  /** The stream is open: the hello must come first. */
  onOpen(): void;
  onMessage(message: CoordinatorMessage): void;
  onClose(): void;
  /** There is room again. */
  onDrain(): void;
  /** A dial has found nobody: why, for each address. */
  onUnreachable(why: Error): void;
}

/** Between dials: doubled each time, and spread by half, as many agents may have lost the same coordinator in one moment. */
const BACK_OFF = { firstMs: 50, mostMs: 1_000 };

export class Link {
  readonly #where: () => JoinFile;
  readonly #handlers: LinkHandlers;
  readonly #stopped = new AbortController();
  #client: CoordinatorClient | undefined;
  #session: Session | undefined;
  #heardAtMs = 0;
  #backOffMs = BACK_OFF.firstMs;
  #patienceMs: number = LIMITS.dialMs;
  #lastFailure: unknown;

  /** `where`: asked at each dial. */
  constructor(where: () => JoinFile, handlers: LinkHandlers) {
    this.#where = where;
    this.#handlers = handlers;
  }

  get isWritable(): boolean {
    return this.#session?.writable ?? false;
  }

  /** Why the last dial that failed did; undefined: none has. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** For blobs; undefined while there is no connection. */
  get client(): CoordinatorClient | undefined {
    return this.#session && this.#client;
  }

  send(message: AgentMessage): void {
    this.#session?.send(message);
  }

  /** The coordinator is the right one: the next loss is a new one. */
  accept(): void {
    this.#backOffMs = BACK_OFF.firstMs;
    this.#patienceMs = LIMITS.dialMs;
  }

  /** Ends this connection; another is dialled. */
  drop(): void {
    this.#session?.close();
  }

  stop(): void {
    this.#stopped.abort();
    this.#session?.close();
  }

  /** Until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const { addresses, tls } = this.#where();
      const client = await dialFirst(addresses, tls, { eachMs: this.#patienceMs, signal }).catch((error: unknown) => {
        this.#lastFailure = error;
        this.#patienceMs = Math.min(this.#patienceMs * 2, LIMITS.dialMostMs);
        if (!signal.aborted) this.#handlers.onUnreachable(error as Error);
      });
      if (client) await this.#connect(client);
      const waitMs = this.#backOffMs * (0.5 + Math.random());
      this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF.mostMs);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** One connection, to its close. */
  async #connect(client: CoordinatorClient): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#client = client;
    this.#heardAtMs = performance.now();
    const session = client.openSession({
      onMessage: (message) => {
        this.#heardAtMs = performance.now();
        if (message.kind !== 'heartbeat') this.#handlers.onMessage(message);
      },
      onClose: () => closed.resolve(),
    });
    this.#session = session;
    session.onDrain(() => this.#handlers.onDrain());
    const heartbeat = setInterval(() => {
      if (performance.now() - this.#heardAtMs > LIMITS.silenceMs) session.close();
      else session.send({ kind: 'heartbeat', heartbeat: { atMs: Date.now() } });
    }, LIMITS.heartbeatMs);
    this.#handlers.onOpen();
    await closed.promise;
    clearInterval(heartbeat);
    this.#session = undefined;
    this.#handlers.onClose();
    client.close();
  }
}
