// Connections of tasks on nodes that reach no Postgres: each is a tunnel through its agent, which ends here. Real ones are
// bounded over all agents; one beyond waits for its turn and is never refused.
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { dialOf } from '../db/url.ts';
import { LIMITS } from '../model/limits.ts';
import type { TunnelTarget } from '../rpc/messages.ts';
import { TunnelQueue } from './tunnel-queue.ts';

/** Code of a startup packet that asks for another connection's query to be cancelled. */
const CANCEL_REQUEST = 80_877_102;

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

  open(target: TunnelTarget, stream: Duplex): void {
    const url = this.#databases[target.database];
    if (url === undefined) return void stream.destroy(new Error(`this run has no database ${target.database}`));
    stream.once('readable', () => this.#onFirstBytes({ holder: `${target.agent}/${target.host}`, url, stream }));
  }

  #onFirstBytes(tunnel: Tunnel): void {
    const { stream, holder } = tunnel;
    const first = stream.read() as Buffer | null;
    if (first === null) return void stream.destroy();
    stream.unshift(first);
    if (first.length >= 8 && first.readInt32BE(4) === CANCEL_REQUEST) return join(tunnel, () => {});
    this.#queue.add(holder, tunnel);
    stream.once('close', () => this.#queue.remove(tunnel));
    this.#connectNext();
  }

  #connectNext(): void {
    for (let tunnel = this.#queue.next(); tunnel !== undefined; tunnel = this.#queue.next()) {
      const { holder } = tunnel;
      join(tunnel, () => {
        this.#queue.give(holder);
        this.#connectNext();
      });
    }
  }
}

/** Both ways until either side ends; `onOver` is called once, when the real connection is gone. */
function join({ url, stream }: Tunnel, onOver: () => void): void {
  const socket: Socket = connect({ ...dialOf(url), allowHalfOpen: true });
  socket.setNoDelay(true);
  socket.once('error', (error) => stream.destroy(error));
  stream.once('error', (error) => socket.destroy(error));
  stream.once('close', () => socket.destroy());
  socket.once('close', () => {
    if (!stream.writableEnded) stream.destroy();
    onOver();
  });
  if (stream.destroyed) socket.destroy();
  stream.pipe(socket);
  socket.pipe(stream);
}
