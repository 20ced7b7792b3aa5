// Those who watch the run over gRPC: progress at most 10 times a second, log lines once they are committed, and the end.
import { LIMITS } from '../model/limits.ts';
import type { Failure } from '../model/states.ts';
import type { End, Notice, Progress, WatchEvent } from '../rpc/messages.ts';
import type { WatchStream } from '../rpc/server.ts';
import { LOG_LEVELS, LOG_STREAMS, type LogRow } from '../store/types.ts';

const PROGRESS_MS = 100;

interface Watcher {
  readonly logs: boolean;
  readonly to: WatchStream;
  /** Lines that were told since there was room for the last time, and the last that was not. */
  waiting: number;
  leftOut: WatchEvent | undefined;
  owesProgress: boolean;
  finish(): void;
}

export class Watchers {
  readonly #watchers = new Set<Watcher>();
  readonly #progress: () => Progress;
  /** Notices so far: a watcher that comes later reads them too. */
  readonly #notices: Notice[] = [];
  /** The last that was committed: whoever watches from now on is told that there are lines. */
  #lastLog: LogRow | undefined;
  #lastProgressMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #end: End | undefined;

  constructor(progress: () => Progress) {
    this.#progress = progress;
  }

  /** Emits, after what was said until now, until the run ends or `signal` aborts. */
  watch({ logs }: { logs: boolean }, to: WatchStream, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#watchers.delete(watcher);
        resolve();
      };
      const watcher: Watcher = { logs, to, waiting: 0, leftOut: undefined, owesProgress: false, finish };
      for (const notice of this.#notices) to.emit({ kind: 'notice', notice });
      to.emit({ kind: 'progress', progress: this.#progress() });
      if (logs && this.#lastLog) to.emit(logEvent(this.#lastLog));
      if (this.#end) {
        to.emit({ kind: 'end', end: this.#end });
        return resolve();
      }
      this.#watchers.add(watcher);
      to.onDrain(() => this.#onDrain(watcher));
      signal.addEventListener('abort', finish, { once: true });
    });
  }

  #onDrain(watcher: Watcher): void {
    if (!this.#watchers.has(watcher)) return;
    const { to, leftOut, owesProgress } = watcher;
    Object.assign(watcher, { waiting: 0, leftOut: undefined, owesProgress: false });
    if (leftOut) to.emit(leftOut);
    if (owesProgress) to.emit({ kind: 'progress', progress: this.#progress() });
  }

  /** Something changed; watchers hear of it within 100 ms. */
  changed(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    const inMs = Math.max(0, this.#lastProgressMs + PROGRESS_MS - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastProgressMs = Date.now();
      const event: WatchEvent = { kind: 'progress', progress: this.#progress() };
      for (const watcher of this.#watchers) {
        if (watcher.to.isWritable) watcher.to.emit(event);
        else watcher.owesProgress = true; // the latest will do
      }
    }, inMs);
  }

  logs(rows: readonly LogRow[]): void {
    this.#lastLog = rows.at(-1) ?? this.#lastLog;
    for (const watcher of this.#watchers) {
      if (watcher.logs) for (const row of rows) this.#say(watcher, logEvent(row));
    }
  }

  notice(level: Notice['level'], text: string): void {
    const notice = { level, text };
    if (this.#notices.length < LIMITS.notices) this.#notices.push(notice);
    for (const watcher of this.#watchers) this.#say(watcher, { kind: 'notice', notice });
  }

  /** Of what comes faster than it is read, all but the last may be left out: it is in the store, and watchers look there. */
  #say(watcher: Watcher, event: WatchEvent): void {
    if (watcher.waiting >= LIMITS.watcherLines) {
      watcher.leftOut = event;
      return;
    }
    watcher.to.emit(event);
    if (!watcher.to.isWritable) watcher.waiting += 1;
  }

  end(state: string, failure: Failure | null): void {
    clearTimeout(this.#timer);
    this.#end = {
      state,
      failure: failure && {
        cause: failure.cause,
        message: failure.message,
        task: failure.task ?? '',
        stack: failure.stack ?? '',
        exitCode: failure.exitCode ?? 0,
        signal: failure.signal ?? '',
      },
    };
    const progress = this.#progress();
    for (const watcher of [...this.#watchers]) {
      watcher.to.emit({ kind: 'progress', progress });
      watcher.to.emit({ kind: 'end', end: this.#end });
      watcher.finish();
    }
  }
}

function logEvent(row: LogRow): WatchEvent {
  const log = {
    hasUnit: row.step !== null,
    step: row.step ?? 0,
    index: row.index ?? 0,
    attempt: row.attempt ?? 0,
    seq: row.seq,
    atMs: row.atMs,
    stream: LOG_STREAMS.indexOf(row.stream),
    level: LOG_LEVELS.indexOf(row.level),
    text: row.text,
  };
  return { kind: 'log', log };
}
