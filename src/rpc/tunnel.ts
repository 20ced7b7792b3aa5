// A connection's bytes over a stream of TunnelChunks, for both of its sides, as a socket: half-close and back-pressure as TCP
// has them, ECONNRESET where the stream broke.
import { Duplex } from 'node:stream';
import { type ClientDuplexStream, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { TunnelChunk, TunnelTarget } from './messages.ts';

/** gRPC holds up to 16 messages of a stream whose reader is slow: half a megabyte. */
const CHUNK_BYTES = 32 * 1024;
const NOTHING = new Uint8Array();

type TunnelCall = ClientDuplexStream<TunnelChunk, TunnelChunk> | ServerDuplexStream<TunnelChunk, TunnelChunk>;

export function dialTunnel(call: ClientDuplexStream<TunnelChunk, TunnelChunk>, target: TunnelTarget): Duplex {
  call.write({ target, data: NOTHING, end: false });
  return new TunnelSocket(call);
}

export function serveTunnel(
  call: ServerDuplexStream<TunnelChunk, TunnelChunk>,
  open: (target: TunnelTarget, socket: Duplex) => void,
): void {
  call.once('data', ({ target }: TunnelChunk) => {
    if (target) open(target, new TunnelSocket(call));
    else call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the first chunk of a tunnel names its target' });
  });
  call.once('end', () => call.end());
}

/**
 * `destroy` breaks the tunnel; the other side gets the error's message. An error that nobody listens to is not thrown: `close`
 * follows it in any case.
 */
class TunnelSocket extends Duplex {
  readonly #call: TunnelCall;
  #isEndHeard = false;
  #isEndSaid = false;

  constructor(call: TunnelCall) {
    super({ allowHalfOpen: true, highWaterMark: CHUNK_BYTES });
    this.#call = call;
    this.on('error', () => {});
    const onGone = (error?: Error): void => {
      if (!this.#isOver) this.destroy(broken(error));
    };
    call.on('data', (chunk: TunnelChunk) => this.#onChunk(chunk));
    call.on('error', onGone);
    for (const event of ['end', 'cancelled', 'close']) call.on(event, () => onGone());
  }

  get #isOver(): boolean {
    return this.#isEndHeard && this.#isEndSaid;
  }

  #onChunk({ data, end }: TunnelChunk): void {
    if (this.#isEndHeard || this.destroyed) return;
    if (data.length > 0 && !this.push(data)) this.#call.pause();
    if (!end) return;
    this.#isEndHeard = true;
    this.push(null);
    this.#call.resume(); // to hear the end of the stream
  }

  override _read(): void {
    this.#call.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const data = bytes.subarray(at, at + CHUNK_BYTES);
      const isLast = at + CHUNK_BYTES >= bytes.length;
      this.#call.write({ target: null, data, end: false }, isLast ? done : undefined);
    }
    if (bytes.length === 0) done();
  }

  override _final(done: () => void): void {
    this.#isEndSaid = true;
    this.#call.write({ target: null, data: NOTHING, end: true });
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#isOver) this.#call.end();
    else if ('cancel' in this.#call) this.#call.cancel();
    else this.#call.emit('error', { code: status.ABORTED, details: error?.message ?? 'the connection was given up' });
    done(error);
  }
}

/** Why a tunnel broke. */
export interface TunnelError extends Error {
  code: 'ECONNRESET';
  /** The other side gave the connection up, and says why; otherwise it is the way that was lost. */
  isByOtherSide: boolean;
}

function broken(cause: Error | undefined): TunnelError {
  const { code, details } = (cause ?? {}) as { code?: number; details?: string };
  const why = cause === undefined ? '' : `: ${details ?? cause.message}`;
  const isByOtherSide = code === status.ABORTED;
  return Object.assign(new Error(`the tunnel broke${why}`, { cause }), { code: 'ECONNRESET' as const, isByOtherSide });
}
