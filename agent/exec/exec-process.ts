// A process beside a unit, as whoever relays for it sees it: on a terminal or on plain pipes.

export interface ExecProcess {
  readonly pid: number;
  /** False: no more, until `onRoom`. */
  write(data: Uint8Array): boolean;
  /** No more input. On a terminal that is typed (Ctrl-D), and means nothing here. */
  end(): void;
  resize(columns: number, rows: number): void;
  signal(signal: NodeJS.Signals): void;
  /** Nothing is read from it, until `resume`: it waits when it has more to say. */
  pause(): void;
  resume(): void;
  /** Ends it and all that it has started, after `graceMs`; resolves when they are gone. */
  kill(graceMs: number): Promise<void>;
}

export interface ExecProcessHandlers {
  onData(data: Uint8Array, isError: boolean): void;
  onRoom(): void;
  /** Once, when all that it said has been read. `signal`: "" if it ended by itself. */
  onEnd(end: { code: number; signal: string }): void;
}

export interface ExecCommand {
  /** File and arguments, wrapped already. */
  argv: readonly string[];
  directory: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Processes that have left the session may keep its outputs open for ever: after its end, silence for so long is the end. */
export const LAST_WORDS_MS = 500;
