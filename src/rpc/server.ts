// The coordinator's gRPC server: on a Unix socket for this host and, where agents are on others, on TCP with mutual TLS.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { Ports } from './addresses.ts';
import type { ServerHandlers } from './handlers.ts';
import { CHANNEL_OPTIONS } from './protocol.ts';
import { addServices } from './services.ts';
import type { TlsIdentity } from './tls.ts';

export type { AgentStream, AgentStreamHandlers, ServerHandlers, WatchStream } from './handlers.ts';

export interface Listening {
  /** `unix:/path`; the 0700 directory is the credential, whoever reaches it may call everything. */
  unix: string;
  /** Each caller needs a certificate of this authority, and calls what its role allows. */
  tcp?: { host: string; ports: Ports; tls: TlsIdentity };
}

export interface RunningServer {
  /** Undefined without `tcp`. */
  readonly tcpPort: number | undefined;
  close(): Promise<void>;
}

export async function serve({ unix, tcp }: Listening, handlers: ServerHandlers): Promise<RunningServer> {
  const server = new Server(CHANNEL_OPTIONS);
  addServices(server, handlers);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(unix, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(new OutflowError('coordinator-failed', `cannot listen on ${unix}: ${error.message}`, { cause: error }));
      else resolve();
    });
  });
  try {
    // Loaded where it is needed: a run on one machine has no network.
    const secure = tcp && (await (await import('./secure-server.ts')).serveTls(tcp, handlers));
    return {
      tcpPort: secure?.port,
      close: async () => {
        await Promise.all([shutDown(server), secure?.close()]);
      },
    };
  } catch (error) {
    await shutDown(server);
    throw error;
  }
}

/** What is still being said gets a moment. */
function shutDown(server: Server): Promise<void> {
  return new Promise<void>((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), LIMITS.serverCloseMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
