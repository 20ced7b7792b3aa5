// A gRPC stream of both directions as typed messages with back-pressure, for its dialling and its serving side.
import type { ClientDuplexStream, ServerDuplexStream } from '@grpc/grpc-js';

export interface MessageStream<Out> {
  send(message: Out): void;
  /** Bytes and messages not yet taken by the transport are bounded by the caller: false asks it to wait for `onDrain`. */
  readonly writable: boolean;
  onDrain(listener: () => void): void;
  /** No more messages are read, until `resume`. */
  pause(): void;
  resume(): void;
  /** All is said; what was sent still arrives, then the stream closes. */
  end(): void;
}

/** What a dialler holds. */
export interface DialledStream<Out> extends MessageStream<Out> {
  /** At once: what was not sent yet is dropped. */
  close(): void;
}

export interface StreamHandlers<In> {
  onMessage(message: In): void;
  /** The stream is gone, for whatever reason; called once. The dialling side gets the error, if that was the reason. */
  onClose(error?: Error): void;
}

export function dialled<Out, In>(call: ClientDuplexStream<Out, In>, handlers: StreamHandlers<In>): DialledStream<Out> {
  const stream = new CallStream<In, Out, ClientDuplexStream<Out, In>>(call);
  stream.listen(handlers);
  return stream;
}

export function served<In, Out>(
  call: ServerDuplexStream<In, Out>,
  open: (stream: MessageStream<Out>) => StreamHandlers<In>,
): void {
  const stream = new CallStream<In, Out, ServerDuplexStream<In, Out>>(call);
  call.on('end', () => call.end());
  stream.listen(open(stream));
}

type AnyCall<In, Out> = ClientDuplexStream<Out, In> | ServerDuplexStream<In, Out>;

class CallStream<In, Out, Call extends AnyCall<In, Out>> implements DialledStream<Out> {
  readonly #call: Call;
  #open = true;
  #writable = true;
  readonly #drains: (() => void)[] = [];

  constructor(call: Call) {
    this.#call = call;
  }

  listen(handlers: StreamHandlers<In>): void {
    const close = (error?: Error): void => {
      if (!this.#open) return;
      this.#open = false;
      handlers.onClose(error);
    };
    this.#call.on('data', (message: In) => handlers.onMessage(message));
    this.#call.on('drain', () => {
      this.#writable = true;
      for (const listener of this.#drains) listener();
    });
    this.#call.on('error', close);
    for (const event of ['end', 'cancelled', 'close']) this.#call.on(event, () => close());
  }

  send(message: Out): void {
    if (this.#open) this.#writable = this.#call.write(message);
  }

  get writable(): boolean {
    return this.#open && this.#writable;
  }

  onDrain(listener: () => void): void {
    this.#drains.push(listener);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  end(): void {
    if (this.#open) this.#call.end();
  }

  close(): void {
    this.#call.end();
    if ('cancel' in this.#call) this.#call.cancel();
  }
}
