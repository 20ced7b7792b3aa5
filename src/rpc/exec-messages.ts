// Messages of an interactive process, with what is not said left empty.
import type { ExecEnd, ExecOutput } from './messages.ts';

const NOTHING = new Uint8Array();

export function execOutput(said: Partial<ExecOutput>): ExecOutput {
  return { exec: '', data: NOTHING, isError: false, end: null, started: null, notice: '', ...said };
}

export function execEnd(said: Partial<ExecEnd>): ExecOutput {
  return execOutput({ end: { code: 0, signal: '', error: '', unitState: '', running: [], runningTotal: 0, ...said } });
}
