// Those who watch the run over gRPC: progress at most 10 times a second, log lines once they are committed, and the end.
import type { Failure } from '../model/states.ts';
import type { End, LogLine, Notice, Progress, WatchEvent } from '../rpc/messages.ts';
import { LOG_LEVELS, LOG_STREAMS, type LogRow } from '../store/types.ts';

const PROGRESS_MS = 100;
/** Events a slow watcher may be behind before its log lines are dropped (they are in the store). */
const BEHIND = 10_000;

interface Watcher {
  logs: boolean;
  waiting: number;
  emit(event: WatchEvent): boolean;
  finish(): void;
}

export class Watchers {
  readonly #watchers = new Set<Watcher>();
  readonly #progress: () => Progress;
  /** Notices so far: a watcher that comes later reads them too. */
  readonly #notices: Notice[] = [];
  #lastProgressMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #end: End | undefined;

  constructor(progress: () => Progress) {
    this.#progress = progress;
  }

  /** Emits until the run ends or `signal` aborts. */
  watch(request: { logs: boolean }, emit: (event: WatchEvent) => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const watcher: Watcher = {
        logs: request.logs,
        waiting: 0,
        emit,
        finish: () => {
          this.#watchers.delete(watcher);
          resolve();
        },
      };
      for (const notice of this.#notices) emit({ kind: 'notice', notice });
      emit({ kind: 'progress', progress: this.#progress() });
      if (this.#end) {
        emit({ kind: 'end', end: this.#end });
        return resolve();
      }
      this.#watchers.add(watcher);
      signal.addEventListener('abort', () => watcher.finish(), { once: true });
    });
  }

  /** Something changed; watchers hear of it within 100 ms. */
  changed(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    const inMs = Math.max(0, this.#lastProgressMs + PROGRESS_MS - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastProgressMs = Date.now();
      const event: WatchEvent = { kind: 'progress', progress: this.#progress() };
      for (const watcher of this.#watchers) watcher.emit(event);
    }, inMs);
  }

  logs(rows: readonly LogRow[]): void {
    for (const watcher of this.#watchers) {
      if (!watcher.logs) continue;
      for (const row of rows) {
        if (watcher.waiting > BEHIND) continue;
        watcher.waiting = watcher.emit({ kind: 'log', log: logLine(row) }) ? 0 : watcher.waiting + 1;
      }
    }
  }

  notice(level: Notice['level'], text: string): void {
    const notice = { level, text };
    if (this.#notices.length < 100) this.#notices.push(notice);
    for (const watcher of this.#watchers) watcher.emit({ kind: 'notice', notice });
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
      watcher.emit({ kind: 'progress', progress });
      watcher.emit({ kind: 'end', end: this.#end });
      watcher.finish();
    }
  }
}

function logLine(row: LogRow): LogLine {
  return {
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
}
