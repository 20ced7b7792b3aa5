// Where the tasks of this agent find their databases when its host reaches none: Unix sockets of its own, a set for each task host,
// behind which is the coordinator.
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { dialOf, viaSocketDirectory } from '../../src/db/url.ts';
import type { Failure } from '../../src/model/states.ts';
import { privateDir, socketPath } from '../../src/system/home.ts';
import { carry, type Far } from './carry.ts';

/** A connection that was lost so shortly before may be taken for a good one. */
const UNNOTICED_MS = 1_000;

export class Tunnels {
  readonly #directory: string;
  readonly #agent: string;
  readonly #connected: Far['connected'];
  #hosts = 0;

  /** In a directory of its own; `connected` gives the coordinator, as soon as there is one. */
  constructor(directory: string, agent: string, connected: Far['connected']) {
    this.#directory = directory;
    this.#agent = agent;
    this.#connected = connected;
  }

  /** For one task host: the same databases, by other URLs. */
  open(databases: Readonly<Record<string, string>>): HostTunnels {
    this.#hosts += 1;
    return new HostTunnels({
      directory: path.join(this.#directory, String(this.#hosts)),
      databases,
      target: { agent: this.#agent, host: this.#hosts },
      connected: this.#connected,
    });
  }
}

interface HostTunnelsOptions extends Pick<Far, 'connected'> {
  directory: string;
  databases: Readonly<Record<string, string>>;
  target: { agent: string; host: number };
}

export class HostTunnels {
  /** URLs that lead here, by the names of the databases. */
  readonly databases: Record<string, string> = {};
  readonly #servers: Server[] = [];
  readonly #directories: string[] = [];
  readonly #sockets = new Set<Socket>();
  /** When a connection that had been made was last lost on its way. */
  #lostAtMs = Number.NEGATIVE_INFINITY;
  /** The unit that has lost one. */
  #lostK = 0;

  constructor({ directory, databases, target, connected }: HostTunnelsOptions) {
    this.#directories.push(directory);
    const onLost = (): void => {
      this.#lostAtMs = Date.now();
    };
    for (const [at, [name, url]] of Object.entries(databases).entries()) {
      const far = { connected, target: { ...target, database: name }, onLost };
      this.databases[name] = this.#listen(path.join(directory, String(at)), url, far);
    }
  }

  /** A call of unit `k` on a database, begun then (epoch milliseconds), has ended with its connection. */
  onConnectionEnded(k: number, beganAtMs: number): void {
    if (this.#lostAtMs >= beganAtMs - UNNOTICED_MS) this.#lostK = k;
  }

  /** Why unit `k` has failed, which takes it for its own failure. */
  failureOf(k: number, failure: Failure): Failure {
    return k === this.#lostK ? lostWithTunnel(failure) : failure;
  }

  /** The host is gone. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  }

  /** Gives the URL that leads there. */
  #listen(wanted: string, url: string, far: Far): string {
    // A directory whose path is too long for a socket is replaced by another.
    const directory = path.dirname(socketPath(wanted, fileNameOf(url)));
    if (directory !== wanted) this.#directories.push(directory);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      carry(socket, far).catch((error: Error) => socket.destroy(error)); // the coordinator went in that very moment
    });
    this.#servers.push(server);
    server.listen(path.join(privateDir(directory), fileNameOf(url)));
    return viaSocketDirectory(url, directory);
  }
}

/** The unit failed by itself, if by leaving (`exit`), after a connection to its database was lost with the coordinator. */
function lostWithTunnel(failure: Failure): Failure {
  if (failure.cause !== 'exception' && failure.cause !== 'exit') return failure;
  const { cause: _, ...said } = failure;
  return { ...said, cause: 'agent-lost', message: `its connection to the database was lost on the way: ${failure.message}` };
}

/** As drivers name it. */
function fileNameOf(url: string): string {
  return path.basename((dialOf(viaSocketDirectory(url, '/any')) as { path: string }).path);
}
