// The dialling side: an agent's session and blobs, a CLI's watch and cancel.
import type { Duplex } from 'node:stream';
import {
  Channel,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { ExecInput, ExecOutput } from './exec-messages.ts';
import type {
  AgentMessage,
  AgentStatus,
  BlobChunk,
  CoordinatorMessage,
  TunnelChunk,
  TunnelTarget,
  WatchEvent,
} from './messages.ts';
import { AgentService, BlobService, CHANNEL_OPTIONS, ControlService, TunnelService } from './protocol.ts';
import { type DialledStream, dialled, type StreamHandlers } from './streams.ts';
import { channelCredentials, TLS_CHANNEL_OPTIONS, type TlsIdentity } from './tls.ts';
import { dialTunnel } from './tunnel.ts';

export type SessionHandlers = StreamHandlers<CoordinatorMessage>;
export type Session = DialledStream<AgentMessage>;

export interface Target {
  /** `unix:/path` or `host:port`. */
  address: string;
  /** Without it nothing is encrypted and nobody is asked who he is: only for `unix:`. */
  tls?: TlsIdentity;
}

/** A connection to one coordinator; `close` ends it, and all that goes over it. */
export class CoordinatorClient {
  readonly address: string;
  readonly #credentials: ChannelCredentials;
  readonly #channel: Channel;
  readonly #closed = new AbortController();
  #agent: InstanceType<ServiceClientConstructor> | undefined;
  #blobs: InstanceType<ServiceClientConstructor> | undefined;
  #tunnels: InstanceType<ServiceClientConstructor> | undefined;
  #control: InstanceType<ServiceClientConstructor> | undefined;

  constructor({ address, tls }: Target) {
    this.address = address;
    this.#credentials = tls ? channelCredentials(tls) : credentials.createInsecure();
    // A dead socket is noticed by its session; dialling again is the caller's business, so no long back-off here.
    const options = {
      ...CHANNEL_OPTIONS,
      ...(tls && TLS_CHANNEL_OPTIONS),
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 500,
    };
    this.#channel = new Channel(address, this.#credentials, options);
  }

  #client(Service: ServiceClientConstructor): InstanceType<ServiceClientConstructor> {
    return new Service(this.address, this.#credentials, { ...CHANNEL_OPTIONS, channelOverride: this.#channel });
  }

  get #agentService(): InstanceType<ServiceClientConstructor> {
    this.#agent ??= this.#client(AgentService);
    return this.#agent;
  }

  get #blobService(): InstanceType<ServiceClientConstructor> {
    this.#blobs ??= this.#client(BlobService);
    return this.#blobs;
  }

  get #tunnelService(): InstanceType<ServiceClientConstructor> {
    this.#tunnels ??= this.#client(TunnelService);
    return this.#tunnels;
  }

  get #controlService(): InstanceType<ServiceClientConstructor> {
    this.#control ??= this.#client(ControlService);
    return this.#control;
  }

  openSession(handlers: SessionHandlers): Session {
    const call = this.#agentService.Session?.() as ClientDuplexStream<AgentMessage, CoordinatorMessage>;
    return dialled(this.#held(call), handlers);
  }

  /** The agent's end of a process that the coordinator asked for; the first message names it. */
  openAgentExec(handlers: StreamHandlers<ExecInput>): DialledStream<ExecOutput> {
    const call = this.#agentService.Exec?.() as ClientDuplexStream<ExecOutput, ExecInput>;
    return dialled(this.#held(call), handlers);
  }

  /** The user's end; the first message is the request. */
  openExec(handlers: StreamHandlers<ExecOutput>): DialledStream<ExecInput> {
    const call = this.#controlService.Exec?.() as ClientDuplexStream<ExecInput, ExecOutput>;
    const { onMessage, onClose } = handlers;
    return dialled(this.#held(call), { onMessage, onClose: (error) => onClose(error && asOperating(error)) });
  }

  /** A connection to a database by way of the coordinator. `destroy` breaks it; an error of it that nobody hears is no crash. */
  openTunnel(target: TunnelTarget): Duplex {
    const call = this.#tunnelService.Connect?.() as ClientDuplexStream<TunnelChunk, TunnelChunk>;
    return dialTunnel(this.#held(call), target);
  }

  /** Closing a channel lets its calls go on: they are ended with it. */
  #held<Call extends ClientDuplexStream<never, unknown> | ClientReadableStream<BlobChunk>>(call: Call): Call {
    const end = (): void => call.cancel();
    this.#closed.signal.addEventListener('abort', end);
    call.on('close', () => this.#closed.signal.removeEventListener('abort', end));
    return call;
  }

  /** The chunks of a blob. */
  async *getBlob(sha256: string, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const call = this.#held(this.#blobService.Get?.({ sha256 }) as ClientReadableStream<BlobChunk>);
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
    for await (const chunk of call) yield (chunk as BlobChunk).data;
  }

  /** Resolves when the blob is committed. */
  putBlob(sha256: string, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (error: Error | null): void => {
        this.#closed.signal.removeEventListener('abort', cancel);
        error ? reject(error) : resolve();
      };
      const call = this.#blobService.Put?.(ended) as ClientWritableStream<BlobChunk>;
      const cancel = (): void => call.cancel(); // as with `#held`
      this.#closed.signal.addEventListener('abort', cancel);
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

  async agents(): Promise<AgentStatus[]> {
    const { agents } = await this.#ask<{ agents: AgentStatus[] }>('Agents', {});
    return agents;
  }

  /** "" when the agent has been told, else why it cannot be. */
  async drain(agent: string): Promise<string> {
    const { error } = await this.#ask<{ error: string }>('Drain', { agent });
    return error;
  }

  async cancel(request: { now: boolean }): Promise<void> {
    await this.#ask('Cancel', request);
  }

  #ask<Reply>(method: string, request: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + LIMITS.silenceMs;
      this.#controlService[method]?.(request, { deadline }, (error: Error | null, reply: Reply) =>
        error ? reject(asOperating(error)) : resolve(reply),
      );
    });
  }

  close(): void {
    this.#closed.abort();
    this.#channel.close();
  }
}

/** Nobody answers, or the coordinator's store is away: another try may do. */
export function isUnavailable(error: unknown): boolean {
  return (error as Partial<ServiceError>).code === status.UNAVAILABLE;
}

/** What a coordinator of an older version has not got. */
function asOperating(error: Error): Error {
  if ((error as ServiceError).code !== status.UNIMPLEMENTED) return error;
  return new OutflowError('coordinator-failed', 'the coordinator of this run is of an older outflow, which cannot do this', {
    hint: 'call the outflow that submitted the run, or that resumed it last',
    cause: error,
  });
}
