// The coordinator's gRPC server: turns streams into sessions with typed messages and back-pressure.
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { AgentMessage, BlobChunk, CoordinatorMessage, WatchEvent } from './messages.ts';
import { agentProtocol, CHANNEL_OPTIONS, controlProtocol } from './protocol.ts';

// Made when this is loaded: a coordinator has time until it gets its run, and none afterwards.
const { AgentService, BlobService } = agentProtocol();
const { ControlService } = controlProtocol();

/** One connection life of an agent. */
export interface AgentStream {
  send(message: CoordinatorMessage): void;
  /** Bytes and messages not yet taken by the transport are bounded by the caller: false asks it to wait for `onDrain`. */
  readonly writable: boolean;
  onDrain(listener: () => void): void;
  pause(): void;
  resume(): void;
  end(): void;
}

export interface AgentStreamHandlers {
  onMessage(message: AgentMessage): void;
  /** The stream is gone, for whatever reason; called once. */
  onClose(): void;
}

export interface ServerHandlers {
  onAgent(stream: AgentStream): AgentStreamHandlers;
  getBlob(sha256: string): AsyncIterable<Uint8Array>;
  putBlob(sha256: string, size: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Emits until `signal` aborts (the watcher went) or it returns. */
  watch(request: { logs: boolean }, emit: (event: WatchEvent) => boolean, signal: AbortSignal): Promise<void>;
  cancel(request: { now: boolean }): Promise<void>;
}

export interface RunningServer {
  close(): Promise<void>;
}

/** Listens on `address` (`unix:/path`; the 0700 directory is the credential). */
export async function serve(address: string, handlers: ServerHandlers): Promise<RunningServer> {
  const server = new Server(CHANNEL_OPTIONS);
  server.addService(AgentService.service, {
    Session: (call: ServerDuplexStream<AgentMessage, CoordinatorMessage>) => openSession(call, handlers),
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
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
      if (error)
        reject(new OutflowError('coordinator-failed', `cannot listen on ${address}: ${error.message}`, { cause: error }));
      else resolve();
    });
  });
  return {
    close: () =>
      new Promise<void>((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), LIMITS.serverCloseMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

function openSession(call: ServerDuplexStream<AgentMessage, CoordinatorMessage>, handlers: ServerHandlers): void {
  let open = true;
  let writable = true;
  const drains: (() => void)[] = [];
  const stream: AgentStream = {
    send: (message) => {
      if (open) writable = call.write(message);
    },
    get writable() {
      return open && writable;
    },
    onDrain: (listener) => drains.push(listener),
    pause: () => call.pause(),
    resume: () => call.resume(),
    end: () => {
      if (open) call.end();
    },
  };
  const session = handlers.onAgent(stream);
  const close = (): void => {
    if (!open) return;
    open = false;
    session.onClose();
  };
  call.on('data', (message: AgentMessage) => session.onMessage(message));
  call.on('drain', () => {
    writable = true;
    for (const listener of drains) listener();
  });
  call.on('end', () => {
    call.end();
    close();
  });
  call.on('error', close);
  call.on('cancelled', close);
  call.on('close', close);
}

async function sendBlob(call: ServerWritableStream<{ sha256: string }, BlobChunk>, handlers: ServerHandlers): Promise<void> {
  try {
    for await (const data of handlers.getBlob(call.request.sha256)) {
      if (call.cancelled) return;
      if (!call.write({ sha256: '', size: 0, data })) await once(call, 'drain');
    }
    call.end();
  } catch (error) {
    call.emit('error', error);
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
    reply(error as Error);
  }
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
    await handlers.watch(call.request, (event) => !gone.signal.aborted && call.write(event), gone.signal);
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
