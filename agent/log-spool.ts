// Log lines on their way to the coordinator: numbered within their attempt, bounded in number, never waited for.
import { LIMITS } from '../src/model/limits.ts';
import type { LogLine } from '../src/rpc/messages.ts';
import type { Outbox } from './outbox.ts';
import { Unit } from './units.ts';
import { LEVEL, STREAM, type UnitAddress } from './wire/messages.ts';

/** Attempts whose numbering is remembered for lines that come after their end. */
const REMEMBERED = 10_000;

export class LogSpool {
  readonly #outbox: Outbox;
  /** Lines so far, of attempts that have ended. */
  readonly #ended = new Map<string, number>();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** A line of a unit (which may have ended), or of none. */
  add(unit: Unit | UnitAddress | null, stream: number, level: number, atMs: number, text: string): void {
    if (unit instanceof Unit && unit.place !== 'ended') {
      if (unit.logLines >= LIMITS.logLinesPerAttempt || this.#outbox.lines >= LIMITS.logLinesWaiting) unit.droppedLines += 1;
      else this.#line(unit.address, unit.logLines++, stream, level, atMs, text);
    } else if (this.#outbox.lines < LIMITS.logLinesWaiting) {
      const address = unit instanceof Unit ? unit.address : unit;
      this.#line(address, address === null ? 0 : this.#nextOfEnded(address), stream, level, atMs, text);
    }
  }

  /** Before the unit's result: what was dropped is said. */
  end(unit: Unit): void {
    if (unit.droppedLines > 0) {
      const text = `${unit.droppedLines} log lines of this attempt were dropped: there were more than ${LIMITS.logLinesPerAttempt}, or more than could be sent`;
      this.#line(unit.address, unit.logLines++, STREAM.system, LEVEL.warn, Date.now(), text);
    }
    if (unit.logLines > 0) this.#remember(unit.address, unit.logLines);
  }

  #nextOfEnded(address: UnitAddress): number {
    const seq = this.#ended.get(keyOf(address)) ?? 0;
    this.#remember(address, seq + 1);
    return seq;
  }

  #remember(address: UnitAddress, lines: number): void {
    const key = keyOf(address);
    this.#ended.delete(key);
    this.#ended.set(key, lines);
    if (this.#ended.size > REMEMBERED) this.#ended.delete(this.#ended.keys().next().value as string);
  }

  #line(address: UnitAddress | null, seq: number, stream: number, level: number, atMs: number, text: string): void {
    const { step, index, attempt } = address ?? { step: 0, index: 0, attempt: 0 };
    const line: LogLine = { hasUnit: address !== null, step, index, attempt, seq, atMs, stream, level, text };
    this.#outbox.line(line, performance.now());
  }
}

function keyOf({ step, index, attempt }: UnitAddress): string {
  return `${step}/${index}/${attempt}`;
}
