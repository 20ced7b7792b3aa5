// Listens on TCP and does the handshakes of mutual TLS. Only a connection whose certificate is good is passed on; whoever opens
// others and says nothing, or one byte a second, holds a bounded number of them for a bounded time.
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Ports } from './addresses.ts';
import type { TlsIdentity } from './tls.ts';

export class TlsListener {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  /** In order of their begin. A secure socket is known by its addresses only. */
  readonly #handshakes = new Map<string, { socket: Socket; deadline: NodeJS.Timeout }>();

  constructor(tls: TlsIdentity, onConnection: (socket: TLSSocket) => void) {
    this.#server = createServer({
      ...tls,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      noDelay: true,
    });
    this.#server.on('connection', (socket: Socket) => this.#onHandshake(socket));
    this.#server.on('tlsClientError', () => {}); // not one of ours; its connection is closed
    this.#server.on('secureConnection', (socket) => {
      this.#forget(nameOf(socket));
      socket.on('error', () => {}); // whoever uses it sees it close
      onConnection(socket);
    });
  }

  /** Resolves to the port. */
  async listen(host: string, ports: Ports): Promise<number> {
    const { from, to } = ports === 0 ? { from: 0, to: 0 } : ports;
    for (let port = from; port <= to; port++) {
      try {
        await this.#bind(host, port);
        return (this.#server.address() as AddressInfo).port;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cannotListen(host, port, error as Error);
      }
    }
    throw new OutflowError('coordinator-failed', `no port from ${from} to ${to} is free on ${host || 'this host'}`, {
      hint: 'choose another range with --listen HOST:FROM-TO',
    });
  }

  #bind(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host && { host }), backlog: LIMITS.handshakes }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #onHandshake(socket: Socket): void {
    const name = nameOf(socket);
    const deadline = setTimeout(() => this.#onDeadline(name), LIMITS.handshakeMs);
    this.#handshakes.set(name, { socket, deadline });
    this.#connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#forget(name);
      this.#connections.delete(socket);
    });
    if (this.#handshakes.size > LIMITS.handshakes) this.#handshakes.values().next().value?.socket.destroy();
  }

  /** After a look at what has come meanwhile: a thousand agents that start at once may keep us busy for longer than that. */
  #onDeadline(name: string): void {
    setImmediate(() => this.#handshakes.get(name)?.socket.destroy());
  }

  #forget(name: string): void {
    clearTimeout(this.#handshakes.get(name)?.deadline);
    this.#handshakes.delete(name);
  }

  /** Resolves when all connections are gone; what still is there after `graceMs` is cut off. */
  close(graceMs: number): Promise<void> {
    for (const { socket } of this.#handshakes.values()) socket.destroy();
    return new Promise((resolve) => {
      const force = setTimeout(() => {
        for (const socket of this.#connections) socket.destroy();
      }, graceMs);
      this.#server.close(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }
}

function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function cannotListen(host: string, port: number, cause: Error): OutflowError {
  return new OutflowError('coordinator-failed', `cannot listen on ${host || 'all interfaces'}, port ${port}: ${cause.message}`, {
    hint: 'choose another address with --listen HOST:FROM-TO',
    cause,
  });
}
