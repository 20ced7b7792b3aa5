// gRPC on TCP behind mutual TLS: gRPC gets a connection once its certificate is good, so that nobody else reaches a line of it.
import {
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { LIMITS } from '../model/limits.ts';
import type { Ports } from './addresses.ts';
import type { ServerHandlers } from './handlers.ts';
import { CHANNEL_OPTIONS } from './protocol.ts';
import { addServices } from './services.ts';
import { mayCall, type TlsIdentity } from './tls.ts';
import { TlsListener } from './tls-listener.ts';

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
  const listener = new TlsListener(tls, (socket) => injector.injectConnection(socket));
  const port = await listener.listen(host, ports);
  return {
    port,
    close: () => {
      // It says that it ends, and does not wait for the calls of connections that it was given: the listener does.
      server.tryShutdown(() => {});
      return listener.close(LIMITS.serverCloseMs);
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
