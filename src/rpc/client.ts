// The dialling side: an agent's session and blobs, a CLI's watch and cancel.
import {
  Channel,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { LIMITS } from '../model/limits.ts';
import type { AgentMessage, BlobChunk, CoordinatorMessage, WatchEvent } from './messages.ts';
import { agentProtocol, CHANNEL_OPTIONS, controlProtocol } from './protocol.ts';

export interface SessionHandlers {
  onMessage(message: CoordinatorMessage): void;
  /** Called once, however the stream ended. */
  onClose(error?: Error): void;
}

export interface Session {
  send(message: AgentMessage): void;
  readonly writable: boolean;
  onDrain(listener: () => void): void;
  close(): void;
}

/** Makes what sessions need: in time, rather than when the first is opened. */
export function prepareSessions(): void {
  agentProtocol();
}

/** A connection to one coordinator; `close` ends it. Address: `unix:/path`. */
export class CoordinatorClient {
  readonly #address: string;
  readonly #channel: Channel;
  #agent: InstanceType<ServiceClientConstructor> | undefined;
  #blobs: InstanceType<ServiceClientConstructor> | undefined;
  #control: InstanceType<ServiceClientConstructor> | undefined;

  constructor(address: string) {
    this.#address = address;
    // A dead socket is noticed by its session; dialling again is the caller's business, so no long back-off here.
    const options = { ...CHANNEL_OPTIONS, 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 500 };
    this.#channel = new Channel(address, credentials.createInsecure(), options);
  }

  #client(Service: ServiceClientConstructor): InstanceType<ServiceClientConstructor> {
    return new Service(this.#address, credentials.createInsecure(), { ...CHANNEL_OPTIONS, channelOverride: this.#channel });
  }

  get #agentService(): InstanceType<ServiceClientConstructor> {
    this.#agent ??= this.#client(agentProtocol().AgentService);
    return this.#agent;
  }

  get #blobService(): InstanceType<ServiceClientConstructor> {
    this.#blobs ??= this.#client(agentProtocol().BlobService);
    return this.#blobs;
  }

  get #controlService(): InstanceType<ServiceClientConstructor> {
    this.#control ??= this.#client(controlProtocol().ControlService);
    return this.#control;
  }

  openSession(handlers: SessionHandlers): Session {
    const call = this.#agentService.Session?.() as ClientDuplexStream<AgentMessage, CoordinatorMessage>;
    let open = true;
    let writable = true;
    const drains: (() => void)[] = [];
    const close = (error?: Error): void => {
      if (!open) return;
      open = false;
      handlers.onClose(error);
    };
    call.on('data', (message: CoordinatorMessage) => handlers.onMessage(message));
    call.on('drain', () => {
      writable = true;
      for (const listener of drains) listener();
    });
    call.on('end', () => close());
    call.on('error', close);
    call.on('close', () => close());
    return {
      send: (message) => {
        if (open) writable = call.write(message);
      },
      get writable() {
        return open && writable;
      },
      onDrain: (listener) => drains.push(listener),
      close: () => {
        call.end();
        call.cancel();
      },
    };
  }

  /** The chunks of a blob. */
  async *getBlob(sha256: string, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const call = this.#blobService.Get?.({ sha256 }) as ClientReadableStream<BlobChunk>;
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
    for await (const chunk of call) yield (chunk as BlobChunk).data;
  }

  /** Resolves when the blob is committed. */
  putBlob(sha256: string, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = this.#blobService.Put?.((error: Error | null) =>
        error ? reject(error) : resolve(),
      ) as ClientWritableStream<BlobChunk>;
      let offset = 0;
      const write = (): void => {
        let free = true;
        while (free && (offset < bytes.length || offset === 0)) {
          const data = bytes.subarray(offset, offset + LIMITS.blobChunkBytes);
          free = call.write({ sha256: offset === 0 ? sha256 : '', size: offset === 0 ? bytes.length : 0, data });
          offset += Math.max(1, data.length);
        }
        if (offset >= bytes.length) call.end();
        else call.once('drain', write);
      };
      write();
    });
  }

  /** Events until the run ends or the coordinator goes (then it throws). */
  async *watch(request: { logs: boolean }, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const call = this.#controlService.Watch?.(request) as ClientReadableStream<WatchEvent>;
    signal.addEventListener('abort', () => call.cancel(), { once: true });
    for await (const event of call) yield event as WatchEvent;
  }

  cancel(request: { now: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + LIMITS.silenceMs;
      this.#controlService.Cancel?.(request, { deadline }, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    this.#channel.close();
  }
}
