// The services of a coordinator on a gRPC server: its calls become calls of the handlers.
import {
  type Server,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { mayPass } from '../db/errors.ts';
import type { ExecInput, ExecOutput } from './exec-messages.ts';
import type { ServerHandlers, WatchStream } from './handlers.ts';
import type { AgentMessage, AgentStatus, BlobChunk, CoordinatorMessage, TunnelChunk, WatchEvent } from './messages.ts';
import { AgentService, BlobService, ControlService, TunnelService } from './protocol.ts';
import { served } from './streams.ts';
import { serveTunnel } from './tunnel.ts';

export function addServices(server: Server, handlers: ServerHandlers): void {
  const { exec, agentExec, tunnel } = handlers;
  server.addService(AgentService.service, {
    Session: (call: ServerDuplexStream<AgentMessage, CoordinatorMessage>) => served(call, (stream) => handlers.onAgent(stream)),
    ...(agentExec && {
      Exec: (call: ServerDuplexStream<ExecOutput, ExecInput>) => served(call, (stream) => agentExec.call(handlers, stream)),
    }),
  });
  server.addService(BlobService.service, {
    Get: (call: ServerWritableStream<{ sha256: string }, BlobChunk>) => void sendBlob(call, handlers),
    Put: (call: ServerReadableStream<BlobChunk, object>, reply: sendUnaryData<object>) => void receiveBlob(call, reply, handlers),
  });
  server.addService(ControlService.service, {
    Watch: (call: ServerWritableStream<{ logs: boolean }, WatchEvent>) => void watch(call, handlers),
    Cancel: (call: ServerUnaryCall<{ now: boolean }, object>, reply: sendUnaryData<object>) => {
      handlers.cancel(call.request).then(
        () => reply(null, {}),
        (error) => reply(error),
      );
    },
    ...control(handlers),
    ...(exec && {
      Exec: (call: ServerDuplexStream<ExecInput, ExecOutput>) => served(call, (stream) => exec.call(handlers, stream)),
    }),
  });
  if (tunnel) {
    server.addService(TunnelService.service, {
      Connect: (call: ServerDuplexStream<TunnelChunk, TunnelChunk>) =>
        serveTunnel(call, (target, socket) => tunnel.call(handlers, target, socket)),
    });
  }
}

function control({ agents, drain }: ServerHandlers): UntypedServiceImplementation {
  return {
    ...(agents && {
      Agents: (_call: ServerUnaryCall<object, object>, reply: sendUnaryData<{ agents: AgentStatus[] }>) =>
        reply(null, { agents: agents() }),
    }),
    ...(drain && {
      Drain: (call: ServerUnaryCall<{ agent: string }, object>, reply: sendUnaryData<{ error: string }>) =>
        reply(null, { error: drain(call.request.agent) }),
    }),
  };
}

async function sendBlob(call: ServerWritableStream<{ sha256: string }, BlobChunk>, handlers: ServerHandlers): Promise<void> {
  try {
    for await (const data of handlers.getBlob(call.request.sha256)) {
      if (call.cancelled) return;
      if (!call.write({ sha256: '', size: 0, data })) await once(call, 'drain');
    }
    call.end();
  } catch (error) {
    call.emit('error', statusOf(error));
  }
}

async function receiveBlob(
  call: ServerReadableStream<BlobChunk, object>,
  reply: sendUnaryData<object>,
  handlers: ServerHandlers,
): Promise<void> {
  try {
    const chunks = call[Symbol.asyncIterator]() as AsyncIterator<BlobChunk>;
    const first = await chunks.next();
    if (first.done) throw new Error('a blob without a first chunk');
    const { sha256, size, data } = first.value;
    await handlers.putBlob(sha256, size, rest(data, chunks));
    reply(null, {});
  } catch (error) {
    reply(statusOf(error));
  }
}

/** The caller is told what is worth another try. */
function statusOf(error: unknown): Partial<ServiceError> {
  if (!mayPass(error)) return error as Error;
  return { code: status.UNAVAILABLE, details: (error as Error).message };
}

async function* rest(first: Uint8Array, chunks: AsyncIterator<BlobChunk>): AsyncIterable<Uint8Array> {
  yield first;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value.data;
}

async function watch(call: ServerWritableStream<{ logs: boolean }, WatchEvent>, handlers: ServerHandlers): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('close', () => gone.abort());
  call.on('error', () => gone.abort());
  try {
    const to: WatchStream = {
      emit: (event) => void (gone.signal.aborted || call.write(event)),
      get isWritable() {
        return !call.writableNeedDrain;
      },
      onDrain: (listener) => call.on('drain', listener),
    };
    await handlers.watch(call.request, to, gone.signal);
    call.end();
  } catch (error) {
    if (!gone.signal.aborted) call.emit('error', error);
  }
}

function once(call: ServerWritableStream<unknown, unknown>, event: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off(event, done);
      call.off('cancelled', done);
      call.off('close', done);
      resolve();
    };
    call.once(event, done);
    call.once('cancelled', done);
    call.once('close', done);
  });
}
