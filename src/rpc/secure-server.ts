// gRPC on TCP behind mutual TLS. Handshakes are ours: gRPC gets a connection once its certificate is good, so that nobody else
// reaches a line of it.
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server as TlsServer } from 'node:tls';
import {
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Ports } from './addresses.ts';
import type { ServerHandlers } from './handlers.ts';
import { CHANNEL_OPTIONS } from './protocol.ts';
import { addServices } from './services.ts';
import { shutDown } from './shut-down.ts';
import { mayCall, type TlsIdentity } from './tls.ts';

export interface SecureServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A host that vanished without a word is noticed by pings. */
const KEEP_ALIVE = { 'grpc.keepalive_time_ms': LIMITS.silenceMs / 2, 'grpc.keepalive_timeout_ms': LIMITS.silenceMs / 2 };

export async function serveTls(
  { host, ports, tls }: { host: string; ports: Ports; tls: TlsIdentity },
  handlers: ServerHandlers,
): Promise<SecureServer> {
  const server = new Server({ ...CHANNEL_OPTIONS, ...KEEP_ALIVE, interceptors: [gate] });
  addServices(server, handlers);
  // Insecure means here: without TLS of gRPC's own.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer({
    ...tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    noDelay: true,
  });
  boundHandshakes(listener);
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => {}); // gRPC sees it close
    injector.injectConnection(socket);
  });
  listener.on('tlsClientError', () => {}); // not one of ours; its connection is closed
  const port = await listen(listener, host, ports);
  return {
    port,
    close: async () => {
      listener.close();
      await shutDown(server);
    },
  };
}

/** Refuses a call before any handler hears of it. */
const gate: ServerInterceptor = (method, call) => {
  if (mayCall(method.path, call.getAuthContext())) return call as ServerInterceptingCall;
  return new ServerInterceptingCall(
    call,
    new ResponderBuilder()
      .withStart(() => call.sendStatus({ code: status.PERMISSION_DENIED, details: 'this certificate is for another role' }))
      .build(),
  );
};

/** Whoever opens connections and says nothing, or one byte a second, holds a bounded number for a bounded time. */
function boundHandshakes(listener: TlsServer): void {
  const running = new Map<string, { socket: Socket; deadline: NodeJS.Timeout }>();
  const keyOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  const forget = (key: string): void => {
    clearTimeout(running.get(key)?.deadline);
    running.delete(key);
  };
  listener.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    const deadline = setTimeout(() => socket.destroy(), LIMITS.handshakeMs);
    running.set(key, { socket, deadline });
    socket.on('error', () => {});
    socket.on('close', () => forget(key));
    if (running.size > LIMITS.handshakes) for (const oldest of running.values()) return void oldest.socket.destroy();
  });
  listener.on('secureConnection', (socket) => forget(keyOf(socket)));
}

async function listen(listener: TlsServer, host: string, ports: Ports): Promise<number> {
  const { from, to } = ports === 0 ? { from: 0, to: 0 } : ports;
  for (let port = from; port <= to; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen({ port, ...(host && { host }), backlog: 1024 }, () => {
          listener.off('error', reject);
          resolve();
        });
      });
      return (listener.address() as AddressInfo).port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cannotListen(host, port, error as Error);
    }
  }
  throw new OutflowError('coordinator-failed', `no port from ${from} to ${to} is free on ${host || 'this host'}`, {
    hint: 'choose another range with --listen HOST:FROM-TO',
  });
}

function cannotListen(host: string, port: number, cause: Error): OutflowError {
  return new OutflowError('coordinator-failed', `cannot listen on ${host || 'all interfaces'}, port ${port}: ${cause.message}`, {
    hint: 'choose another address with --listen HOST:FROM-TO',
    cause,
  });
}
