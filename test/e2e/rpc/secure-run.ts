// A coordinator's server on TCP with certificates made here, that remembers who reached it, and a good agent beside it whose
// session must go on whatever others do.
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Ports } from '../../../src/rpc/addresses.ts';
import { dialFirst } from '../../../src/rpc/dial.ts';
import { type RunningServer, type ServerHandlers, serve } from '../../../src/rpc/server.ts';
import { SERVER_NAME, type TlsIdentity } from '../../../src/rpc/tls.ts';
import { type Issued, issue } from '../../../src/rpc/x509.ts';

const DAY_MS = 24 * 3_600_000;

export class Authority {
  readonly #issued: Issued;

  private constructor(issued: Issued) {
    this.#issued = issued;
  }

  static async create(): Promise<Authority> {
    return new Authority(await issue({ use: 'authority', commonName: 'outflow test', ...validAround(0) }));
  }

  /** Valid for two days around `daysAway` from now. */
  async identity(use: 'server' | 'client', commonName: string, daysAway = 0): Promise<TlsIdentity> {
    const { cert, key } = await issue({ use, commonName, ...validAround(daysAway) }, this.#issued);
    return { ca: this.#issued.cert, cert, key };
  }
}

function validAround(daysAway: number): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now() + daysAway * DAY_MS;
  return { notBefore: new Date(nowMs - DAY_MS), notAfter: new Date(nowMs + DAY_MS) };
}

export interface SecureRun {
  authority: Authority;
  agent: TlsIdentity;
  control: TlsIdentity;
  port: number;
  address: string;
  /** Names of the handlers that have been called, but for the good agent's session. */
  reached: string[];
  /** The good agent says something, and is answered. */
  echo(): Promise<void>;
  close(): Promise<void>;
}

export async function startSecureRun(more: Partial<ServerHandlers> = {}, ports: Ports = 0): Promise<SecureRun> {
  const directory = mkdtempSync(path.join(tmpdir(), 'outflow-secure-'));
  const authority = await Authority.create();
  const [agent, control] = await Promise.all([authority.identity('client', 'agent'), authority.identity('client', 'control')]);
  const reached: string[] = [];
  let sessions = 0;
  const note = (name: string): void => void reached.push(name);
  const handlers: ServerHandlers = {
    onAgent: (stream) => {
      if (sessions++ > 0) note('onAgent');
      return {
        onMessage: (message) => {
          if (message.kind === 'heartbeat') stream.send(message);
        },
        onClose: () => {},
      };
    },
    async *getBlob() {
      note('getBlob');
      yield Buffer.from('secret');
    },
    putBlob: async () => note('putBlob'),
    watch: async () => note('watch'),
    cancel: async () => note('cancel'),
    agents: () => {
      note('agents');
      return [];
    },
    drain: () => {
      note('drain');
      return '';
    },
    exec: () => {
      note('exec');
      return { onMessage: () => {}, onClose: () => {} };
    },
    agentExec: () => {
      note('agentExec');
      return { onMessage: () => {}, onClose: () => {} };
    },
    tunnel: (_target, socket) => {
      note('tunnel');
      socket.destroy();
    },
    ...more,
  };
  const tls = await authority.identity('server', SERVER_NAME);
  const server: RunningServer = await serve(
    { unix: `unix:${path.join(directory, 's.sock')}`, tcp: { host: '127.0.0.1', ports, tls } },
    handlers,
  ).catch((error) => {
    rmdirSync(directory); // it has left nothing there
    throw error;
  });
  const port = server.tcpPort as number;
  const address = `127.0.0.1:${port}`;
  const client = await dialFirst([address], agent);
  let onEcho = (): void => {};
  let onLost = (_error: Error): void => {};
  const session = client.openSession({
    onMessage: () => onEcho(),
    onClose: (error) => onLost(new Error('the good agent lost its session', { cause: error })),
  });
  return {
    authority,
    agent,
    control,
    port,
    address,
    reached,
    echo: () =>
      new Promise((resolve, reject) => {
        onEcho = resolve;
        onLost = reject;
        session.send({ kind: 'heartbeat', heartbeat: { atMs: 1 } });
      }),
    close: async () => {
      client.close();
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}
