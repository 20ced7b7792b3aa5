// Frames between an agent and its task hosts: a length, a kind, a payload. Two pipes, one a direction.
import { assert } from '../../src/base/assert.ts';

/** `text` holds one JSON message; the other two hold columns (`columns.ts`), the hot path. */
export const FRAME = { text: 1, units: 2, results: 3 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  kind: FrameKind;
  payload: Buffer;
}

/** Bytes before the payload: u32 length of kind and payload, u8 kind. */
export const HEADER_BYTES = 5;
/** A frame beyond this is no frame: somebody else wrote into the pipe. */
const FRAME_BYTES = 1024 * 1024 * 1024;

/** Fills in the header of a frame whose payload already stands after it. */
export function sealFrame(frame: Buffer, kind: FrameKind): Buffer {
  frame.writeUInt32LE(frame.length - 4, 0);
  frame[4] = kind;
  return frame;
}

export function textFrame(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  frame.write(text, HEADER_BYTES);
  return sealFrame(frame, FRAME.text);
}

/** Cuts a stream of bytes into frames; their payloads are views of what was pushed. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = HEADER_BYTES;

  *push(chunk: Buffer): Iterable<Frame> {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return; // of a large frame: parts are put together once, when all are there
    let buffer = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#bytes);
    this.#wanted = HEADER_BYTES;
    while (buffer.length >= HEADER_BYTES) {
      const end = 4 + buffer.readUInt32LE(0);
      assert(end > 4 && end < FRAME_BYTES, `a frame between agent and host has ${end} bytes`);
      if (buffer.length < end) {
        this.#wanted = end;
        break;
      }
      const frame = { kind: buffer[4] as FrameKind, payload: buffer.subarray(HEADER_BYTES, end) };
      buffer = buffer.subarray(end);
      yield frame;
    }
    this.#parts = buffer.length > 0 ? [buffer] : [];
    this.#bytes = buffer.length;
  }
}
