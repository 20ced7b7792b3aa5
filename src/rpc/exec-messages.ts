// The messages of an interactive process, as messages.ts has the others; and the making of those that are mostly empty.

export interface ExecSize {
  columns: number;
  rows: number;
}

export interface ExecRequest {
  step: number;
  index: number;
  argv: string[];
  term: string;
  size: ExecSize | null;
}

export type ExecInput =
  | { kind: 'request'; request: ExecRequest }
  | { kind: 'data'; data: Uint8Array }
  | { kind: 'size'; size: ExecSize }
  | { kind: 'signal'; signal: string }
  | { kind: 'end'; end: boolean };

export interface UnitRef {
  step: number;
  index: number;
}

export interface ExecEnd {
  code: number;
  signal: string;
  error: string;
  unitState: string;
  running: UnitRef[];
  runningTotal: number;
}

export interface ExecStarted {
  terminal: boolean;
}

export interface ExecOutput {
  exec: string;
  data: Uint8Array;
  isError: boolean;
  end: ExecEnd | null;
  started: ExecStarted | null;
  notice: string;
}

const NOTHING = new Uint8Array();

export function execOutput(said: Partial<ExecOutput>): ExecOutput {
  return { exec: '', data: NOTHING, isError: false, end: null, started: null, notice: '', ...said };
}

export function execEnd(said: Partial<ExecEnd>): ExecOutput {
  return execOutput({ end: { code: 0, signal: '', error: '', unitState: '', running: [], runningTotal: 0, ...said } });
}
