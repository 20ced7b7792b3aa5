// The end of a gRPC server: what is still being said gets a moment.
import type { Server } from '@grpc/grpc-js';
import { LIMITS } from '../model/limits.ts';

export function shutDown(server: Server): Promise<void> {
  return new Promise<void>((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), LIMITS.serverCloseMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
