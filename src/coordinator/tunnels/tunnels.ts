// Connections of tasks on nodes that reach no Postgres: each is a tunnel through its agent, which ends here. Real ones are
// bounded over all agents; one beyond waits for its turn and is never refused.
import type { Duplex } from 'node:stream';
import { LIMITS } from '../../model/limits.ts';
import type { TunnelTarget } from '../../rpc/messages.ts';
import { sendCancel, splice } from './connection.ts';
import { TunnelQueue } from './queue.ts';
import { HEADER_BYTES, isCancelRequest } from './startup.ts';

interface Tunnel {
  holder: string;
  url: string;
  stream: Duplex;
}

export class Tunnels {
  readonly #databases: Readonly<Record<string, string>>;
  readonly #queue: TunnelQueue<Tunnel>;

  /** `databases`: URLs by name. `most`: connections at the same time. */
  constructor(databases: Readonly<Record<string, string>>, most: number) {
    this.#databases = databases;
    this.#queue = new TunnelQueue(most, LIMITS.databaseConnectionsPerHost * Math.max(1, Object.keys(databases).length));
  }

  /** Connections that are made, or being made. */
  get used(): number {
    return this.#queue.used;
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  open(target: TunnelTarget, stream: Duplex): void {
    const url = this.#databases[target.database];
    if (url === undefined) return void stream.destroy(new Error(`this run has no database ${target.database}`));
    const silence = setTimeout(() => stream.destroy(new Error('nothing was said')), LIMITS.tunnelStartMs);
    stream.once('close', () => clearTimeout(silence));
    let first: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      const more = stream.read() as Buffer | null;
      if (more !== null) first = Buffer.concat([first, more]);
      if (first.length < HEADER_BYTES) return;
      clearTimeout(silence);
      stream.off('readable', onReadable);
      stream.off('end', onEnd);
      stream.unshift(first);
      this.#onFirstBytes({ holder: `${target.agent}/${target.host}`, url, stream }, first);
    };
    const onEnd = (): void => void stream.destroy();
    stream.on('readable', onReadable);
    stream.once('end', onEnd);
  }

  #onFirstBytes(tunnel: Tunnel, first: Buffer): void {
    const { stream, holder, url } = tunnel;
    if (isCancelRequest(first)) return sendCancel(url, first, () => stream.resume().end());
    if (this.#queue.waiting >= LIMITS.tunnelsWaiting)
      return void stream.destroy(new Error('too many tasks wait for the database'));
    this.#queue.add(holder, tunnel);
    stream.once('close', () => this.#queue.remove(tunnel));
    this.#connectNext();
  }

  #connectNext(): void {
    for (let tunnel = this.#queue.next(); tunnel !== undefined; tunnel = this.#queue.next()) {
      const { holder, url, stream } = tunnel;
      splice(url, stream, () => {
        this.#queue.give(holder);
        this.#connectNext();
      });
    }
  }
}
