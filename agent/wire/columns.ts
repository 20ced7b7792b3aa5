// The two hot messages between agent and host, column by column: units to run, and results. Values stay text from end to end;
// a whole batch of them is encoded and decoded at once (1,000 units: about 0.2 ms a side).
import { FRAME, HEADER_BYTES, sealFrame } from './frames.ts';

/** Units of one step, numbered firstK, firstK + 1 … by the agent, a number for each unit that this host is ever given. */
export interface UnitColumns {
  step: number;
  firstK: number;
  index: number[];
  attempt: number[];
  /** Encoded object of the iterated inputs; '' for a task step. */
  element: string[];
}

export interface ResultColumns {
  k: number[];
  startedAtMs: number[];
  durationMs: number[];
  /** Encoded; '' with noOutputs. */
  output: string[];
}

export function encodeUnits(units: UnitColumns): Buffer {
  const count = units.index.length;
  const text = units.element.join('');
  const columns = HEADER_BYTES + 12;
  const frame = Buffer.allocUnsafe(columns + 12 * count + Buffer.byteLength(text));
  frame.writeUInt32LE(units.step, HEADER_BYTES);
  frame.writeUInt32LE(units.firstK, HEADER_BYTES + 4);
  frame.writeUInt32LE(count, HEADER_BYTES + 8);
  let at = columns;
  for (let i = 0; i < count; i++, at += 12) {
    frame.writeUInt32LE(units.index[i] as number, at);
    frame.writeUInt32LE(units.attempt[i] as number, at + 4);
    frame.writeUInt32LE((units.element[i] as string).length, at + 8);
  }
  frame.write(text, at);
  return sealFrame(frame, FRAME.units);
}

export function decodeUnits(payload: Buffer): UnitColumns {
  const count = payload.readUInt32LE(8);
  const units: UnitColumns = {
    step: payload.readUInt32LE(0),
    firstK: payload.readUInt32LE(4),
    index: [],
    attempt: [],
    element: [],
  };
  const text = payload.toString('utf8', 12 + 12 * count);
  let from = 0;
  for (let i = 0, at = 12; i < count; i++, at += 12) {
    units.index.push(payload.readUInt32LE(at));
    units.attempt.push(payload.readUInt32LE(at + 4));
    const to = from + payload.readUInt32LE(at + 8);
    units.element.push(text.slice(from, to));
    from = to;
  }
  return units;
}

export function encodeResults(results: ResultColumns): Buffer {
  const count = results.k.length;
  const text = results.output.join('');
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 4 + 20 * count + Buffer.byteLength(text));
  frame.writeUInt32LE(count, HEADER_BYTES);
  let at = HEADER_BYTES + 4;
  for (let i = 0; i < count; i++, at += 20) {
    frame.writeUInt32LE(results.k[i] as number, at);
    frame.writeUInt32LE((results.output[i] as string).length, at + 4);
    frame.writeFloatLE(results.durationMs[i] as number, at + 8);
    frame.writeDoubleLE(results.startedAtMs[i] as number, at + 12);
  }
  frame.write(text, at);
  return sealFrame(frame, FRAME.results);
}

export function decodeResults(payload: Buffer): ResultColumns {
  const count = payload.readUInt32LE(0);
  const results: ResultColumns = { k: [], startedAtMs: [], durationMs: [], output: [] };
  const text = payload.toString('utf8', 4 + 20 * count);
  let from = 0;
  for (let i = 0, at = 4; i < count; i++, at += 20) {
    results.k.push(payload.readUInt32LE(at));
    const to = from + payload.readUInt32LE(at + 4);
    results.output.push(text.slice(from, to));
    from = to;
    results.durationMs.push(payload.readFloatLE(at + 8));
    results.startedAtMs.push(payload.readDoubleLE(at + 12));
  }
  return results;
}
