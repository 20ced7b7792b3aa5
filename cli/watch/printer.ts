// What every way of showing a watched run can do.
import type { WatchModel } from './model.ts';
import type { TaskLine } from './render-lines.ts';

export interface Printer {
  start(model: WatchModel): void;
  update(model: WatchModel): void;
  /** A line of a task, or of the run itself. */
  task(line: TaskLine): void;
  /** Something the user should know that no task wrote. */
  note(text: string, level: 'info' | 'warn' | 'error'): void;
  /** What was written stays, a live picture goes. */
  close(): void;
}

/** Where tasks' lines go. */
export interface TaskOutput {
  /** What a task wrote on its stdout; null: to stderr, with the rest. */
  stdout: NodeJS.WriteStream | null;
  /** Each line says which unit it is from; else a file gets just what the tasks wrote. */
  prefix: boolean;
}
