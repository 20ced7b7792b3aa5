// What the two ends of a Postgres connection say first, as far as somebody in between can use it.

/** Code of a first packet that asks for another connection's query to be cancelled. */
const CANCEL_REQUEST = 80_877_102;
/** Length and code of a first packet. */
export const HEADER_BYTES = 8;

const KEY_DATA = 'K'.charCodeAt(0);
const READY = 'Z'.charCodeAt(0);
/** All that a server says before it is ready is far less. */
const MOST_BYTES = 64 * 1024;

export function isCancelRequest(first: Buffer): boolean {
  return first.length >= HEADER_BYTES && first.readInt32BE(4) === CANCEL_REQUEST;
}

/** Reads along until the server has told the key with which this connection's query can be cancelled. Under TLS it is not seen. */
export class BackendKey {
  #unread: Buffer | undefined = Buffer.alloc(0);
  #key: Buffer | undefined;

  /** The packet that asks for the cancel; undefined while the key is not known. */
  get cancelRequest(): Buffer | undefined {
    if (this.#key === undefined) return undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeInt32BE(HEADER_BYTES + this.#key.length, 0);
    header.writeInt32BE(CANCEL_REQUEST, 4);
    return Buffer.concat([header, this.#key]);
  }

  read(bytes: Buffer): void {
    if (this.#unread === undefined) return;
    let left = Buffer.concat([this.#unread, bytes]);
    // Each message: a letter, and the length of what follows it.
    while (left.length >= 5) {
      const size = 1 + left.readUInt32BE(1);
      const isOver = left[0] === READY || size > MOST_BYTES;
      if (!isOver && left.length < size) break;
      if (!isOver && left[0] === KEY_DATA) this.#key = Buffer.from(left.subarray(5, size));
      if (isOver || this.#key !== undefined) {
        this.#unread = undefined;
        return;
      }
      left = left.subarray(size);
    }
    this.#unread = left;
  }
}
