// Log lines of units: cut, counted, and given to the unit whose code wrote them.
import { LIMITS } from '../../src/model/limits.ts';
import type { LogFields, Logger } from '../../src/sdk/internal.ts';
import { cutLine } from '../text.ts';
import { LEVEL, STREAM } from '../wire/messages.ts';
import type { Outbound } from './outbound.ts';
import type { UnitScope } from './scope.ts';

export class LogLines {
  readonly #outbound: Outbound;
  /** Unfinished lines of nobody. */
  readonly #partial: [string, string] = ['', ''];
  /** While the bundle is imported and `setup` runs, what they print is not repeated by every host: the plan has shown it. */
  isMuted = true;

  constructor(outbound: Outbound) {
    this.#outbound = outbound;
  }

  /** One line, or several, of `scope`'s code. */
  write(scope: UnitScope | undefined, stream: number, level: number, text: string): void {
    for (const line of text.includes('\n') ? text.split('\n') : [text]) this.#line(scope, stream, level, line);
  }

  /** A piece of output: whole lines are written, the rest waits for its end. */
  writeRaw(scope: UnitScope | undefined, stream: 0 | 1, chunk: string): void {
    const partial = scope?.partial ?? this.#partial;
    const level = stream === STREAM.stdout ? LEVEL.info : LEVEL.warn;
    let from = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
      this.#line(scope, stream, level, partial[stream] + chunk.slice(from, end));
      partial[stream] = '';
      from = end + 1;
    }
    // Of a line that is too long already, no more is kept.
    if (from < chunk.length && partial[stream].length <= LIMITS.logLineBytes) partial[stream] += chunk.slice(from);
  }

  /** The unit ends: its last line is over, and what was dropped is said. */
  end(scope: UnitScope): void {
    for (const stream of [STREAM.stdout, STREAM.stderr]) if (scope.partial[stream] !== '') this.writeRaw(scope, stream, '\n');
    const dropped = scope.lines - LIMITS.logLinesPerAttempt;
    if (dropped > 0) this.#outbound.send({ kind: 'dropped', k: scope.k, count: dropped });
  }

  #line(scope: UnitScope | undefined, stream: number, level: number, whole: string): void {
    if (scope === undefined && this.isMuted) return;
    const text = cutLine(whole.endsWith('\r') ? whole.slice(0, -1) : whole);
    const atMs = performance.timeOrigin + performance.now();
    if (scope === undefined || scope.hasEnded) {
      const unit = scope === undefined ? null : { step: scope.step, index: scope.index, attempt: scope.attempt };
      if (scope !== undefined && ++scope.lines > LIMITS.logLinesPerAttempt) return;
      this.#outbound.send({ kind: 'late-log', unit, stream, level, atMs, text });
    } else if (++scope.lines <= LIMITS.logLinesPerAttempt) {
      this.#outbound.line([scope.k, stream, level, atMs, text]);
    }
  }
}

/** `context.log`. Its methods may be taken apart from it. */
export function loggerOf(lines: LogLines, scope: UnitScope): Logger {
  const at =
    (level: number) =>
    (message: string, fields?: LogFields): void =>
      lines.write(scope, STREAM.log, level, fields === undefined ? String(message) : `${message} ${fieldsText(fields)}`);
  return { debug: at(LEVEL.debug), info: at(LEVEL.info), warn: at(LEVEL.warn), error: at(LEVEL.error) };
}

function fieldsText(fields: LogFields): string {
  try {
    return JSON.stringify(fields, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  } catch (error) {
    return `{unprintable: ${error instanceof Error ? error.message.split('\n')[0] : error}}`;
  }
}
