// The lines of a run that stay: its start, its steps' ends, log lines, its outcome. Pure.
import { formatDuration } from '../../src/base/duration.ts';
import type { RunState } from '../../src/model/states.ts';
import type { LogLevel, LogStream } from '../../src/store/types.ts';
import { count, counted } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import { waitsOf, waitsText } from './allocations.ts';
import { doneOf, type StepView, type WatchModel } from './model.ts';

export function startLine(model: WatchModel, paint: Paint): string {
  return `${paint('bold', `run ${model.run}`)}  ${model.command} · ${model.backend}`;
}

/** `Compute: 1,000 of 1,000 done in 2.4 s, 3 failed`. */
export function stepEndLine(step: StepView, paint: Paint): string {
  const tookMs = (step.endedAtMs ?? 0) - (step.startedAtMs ?? step.endedAtMs ?? 0);
  const took = tookMs > 0 ? ` ${formatDuration(tookMs)}` : ''; // settled between two looks: not measured
  const name = `${step.label}: `;
  const failed = step.isMap && step.failed > 0 ? `, ${paint('red', `${count(step.failed)} failed`)}` : '';
  const units = step.isMap && step.total !== null ? `${count(doneOf(step))} of ${count(step.total)} ` : '';
  switch (step.state) {
    case 'succeeded':
      return `${name}${units}done${took && ` in${took}`}${failed}`;
    case 'failed':
      return `${name}${paint('red', 'failed')}${took && ` after${took}`}${units && `, ${units}done`.trimEnd()}${failed}`;
    default:
      return `${name}${step.state}${units && `, ${units}done`}${failed}`;
  }
}

/**
 * Lines on allocations that wait, where there is news since `said`: another reason, or that an expected start is known. That it
 * moves is no news; `outflow status` tells it.
 */
export function waitNews(said: string, model: WatchModel, nowMs: number): { lines: string[]; said: string } {
  const waiting = waitsOf(model.allocations).filter(({ state }) => state === 'waits');
  const now = waiting.map(({ reason, expectedStartMs }) => `${reason}${expectedStartMs === null ? '' : ' until'}`).join('\n');
  if (now === said) return { lines: [], said };
  const connected = model.allocations.filter(({ state }) => state === 'connected').length;
  if (waiting.length === 0 && connected === 0) return { lines: [], said };
  const lines = waiting.map((waits) => waitsText(waits, nowMs).join(': '));
  if (waiting.length === 0) lines.push(`no allocation waits any more; ${counted(model.cpus, 'CPU')} at work`);
  return { lines, said: now };
}

/** A line of the run itself. */
export function ownLine(text: string, paint: Paint): string {
  return `${paint('dim', 'outflow |')} ${text}`;
}

export interface TaskLine {
  /** `Compute/2`, with the attempt where it is not the first: `Compute/2#2`. Empty for lines of the run itself. */
  from: string;
  stream: LogStream;
  level: LogLevel;
  text: string;
}

/** `Compute/2 | text`, coloured by level. */
export function taskLine({ from, stream, level, text }: TaskLine, paint: Paint): string {
  const head = paint('dim', `${from || 'outflow'} |`);
  if (stream === 'system') return `${head} ${paint('dim', text)}`;
  switch (level) {
    case 'error':
      return `${head} ${paint('red', text)}`;
    case 'warn':
      return `${head} ${paint('yellow', text)}`;
    case 'debug':
      return `${head} ${paint('dim', text)}`;
    case 'info':
      return `${head} ${text}`;
  }
}

/** `run 7k2m9q1c succeeded in 2.4 s`. */
export function outcomeLine(run: string, state: RunState, tookMs: number | null, paint: Paint): string {
  const time = tookMs === null ? '' : formatDuration(tookMs);
  switch (state) {
    case 'succeeded':
      return `${paint('green', '✔')} run ${run} succeeded${time && ` in ${time}`}`;
    case 'failed':
      return `${paint('red', '✖')} run ${run} failed${time && ` after ${time}`}`;
    case 'cancelled':
      return `${paint('yellow', '■')} run ${run} was cancelled${time && ` after ${time}`}`;
    case 'orphaned':
      return `${paint('yellow', '!')} run ${run} is orphaned: its coordinator is gone`;
    case 'accepted':
    case 'running':
    case 'cancelling':
      return `run ${run} is ${state}`;
  }
}

export interface FailedUnit {
  /** `Compute/2`. */
  unit: string;
  cause: string;
  message: string;
  /** Of the user's code, as `file:line:column`. */
  where: string | undefined;
}

/** The failed units with their cause, at most as many as are named; `total`: of all. */
export function failureLines(failed: readonly FailedUnit[], total: number, paint: Paint): string[] {
  const lines = failed.flatMap(({ unit, cause, message, where }) => [
    `  ${paint('red', unit)}  ${paint('dim', cause)}  ${message.split('\n', 1)[0]}`,
    ...(where ? [`      ${paint('dim', `at ${where}`)}`] : []),
  ]);
  if (total > failed.length) lines.push(`  ${paint('dim', `and ${counted(total - failed.length, 'more failed unit')}`)}`);
  return lines;
}
