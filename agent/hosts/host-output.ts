// What comes out of a host's real stdout and stderr, line by line, and its last words.
import { LIMITS } from '../../src/model/limits.ts';
import { cutLine } from '../text.ts';
import { LEVEL, STREAM } from '../wire/messages.ts';

/** Enough for V8's report of a full heap, which comes before its stack. */
const LAST_WORDS = 16 * 1024;

export class HostOutput {
  readonly #onLine: (stream: number, level: number, text: string) => void;
  readonly #partial = { 1: '', 2: '' };
  #lastWords = '';

  constructor(onLine: (stream: number, level: number, text: string) => void) {
    this.#onLine = onLine;
  }

  /** The last of stderr. */
  get lastWords(): string {
    return this.#lastWords;
  }

  add(stream: 1 | 2, text: string): void {
    if (stream === 2) this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#line(stream, this.#partial[stream] + text.slice(from, end));
      this.#partial[stream] = '';
      from = end + 1;
    }
    if (from < text.length && this.#partial[stream].length <= LIMITS.logLineBytes) this.#partial[stream] += text.slice(from);
  }

  /** The unit ends, and with it its last line. */
  endLine(): void {
    for (const stream of [1, 2] as const) {
      if (this.#partial[stream] === '') continue;
      this.#line(stream, this.#partial[stream]);
      this.#partial[stream] = '';
    }
  }

  #line(stream: 1 | 2, line: string): void {
    const text = cutLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (stream === 1) this.#onLine(STREAM.stdout, LEVEL.info, text);
    else this.#onLine(STREAM.stderr, LEVEL.warn, text);
  }
}
