// The log lines of a run in the order they were committed, each once: read from the store whenever there may be news.
import type { Store } from '../../src/store/store.ts';
import type { LogQuery, StoredLog } from '../../src/store/types.ts';
import { stdoutHasRoom } from '../text/broken-pipe.ts';

const PAGE = 1_000;

export class LogTail {
  readonly #store: Store;
  readonly #query: Omit<LogQuery, 'limit' | 'after'>;
  readonly #print: (line: StoredLog) => void;
  #last = 0;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(store: Store, query: Omit<LogQuery, 'limit' | 'after'>, print: (line: StoredLog) => void) {
    this.#store = store;
    this.#query = query;
    this.#print = print;
  }

  /** Prints what is new; resolves when all that had been committed at the call is printed. */
  read(): Promise<void> {
    if (this.#reading !== undefined) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll();
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#readOnce();
      } while (this.#again);
    } finally {
      this.#reading = undefined; // in the same turn as the last look at `again`: no call falls between
    }
  }

  async #readOnce(): Promise<void> {
    for (;;) {
      const lines = await this.#store.logs({ ...this.#query, after: this.#last, limit: PAGE });
      for (const line of lines) this.#print(line);
      this.#last = lines.at(-1)?.id ?? this.#last;
      if (lines.length < PAGE) return;
      await stdoutHasRoom();
    }
  }
}
