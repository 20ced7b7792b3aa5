// The picture of a running run on a terminal: a head line and a line a step. Pure: what it shows follows from its arguments.
import stringWidth from 'fast-string-width';
import { formatDuration } from '../../src/base/duration.ts';
import { isStepEnd } from '../../src/model/states.ts';
import { clock, count, cut, pad, padLeft, rate, widest } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import { waitsOf, waitsText } from './allocations.ts';
import { doneOf, etaMs, rateOf, type StepView, type WatchModel } from './model.ts';

export interface Screen {
  columns: number;
  rows: number;
  paint: Paint;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const NAME_COLUMNS = 32;
const BAR_COLUMNS = { min: 8, max: 30 };
/** `12 failed · 8,400/s · ETA 1:02:03`. */
const TAIL_COLUMNS = 34;
/** A terminal of fewer rows has one for what is waited for. */
const WAIT_ROWS = 12;

/** Lines that all fit the terminal's width; steps that do not fit its height are left out, those at work last. */
export function renderLive(model: WatchModel, nowMs: number, screen: Screen): string[] {
  const waits = waitLines(model, nowMs, screen);
  const steps = chooseSteps(model.steps, Math.max(1, screen.rows - 3 - waits.length));
  const names = Math.min(NAME_COLUMNS, widest(steps.map((step) => step.label)));
  const counts = widest(steps.map(countText));
  const rest = screen.columns - 1 - (4 + names + 2) - (counts + 2) - TAIL_COLUMNS;
  const bar = Math.max(BAR_COLUMNS.min, Math.min(BAR_COLUMNS.max, rest));
  const lines = steps.map((step) => stepLine(step, nowMs, { names, counts, bar, columns: screen.columns - 1 }, screen.paint));
  const hidden = model.steps.length - steps.length;
  if (hidden > 0) lines.push(screen.paint('dim', `    and ${hidden} more steps`));
  return [headLine(model, nowMs, screen), ...lines, ...waits];
}

/** What is asked of Slurm and not there yet; the reason has a line of its own where it would be cut off. */
function waitLines(model: WatchModel, nowMs: number, { columns, rows, paint }: Screen): string[] {
  const room = rows < WAIT_ROWS ? 1 : 4;
  const lines = waitsOf(model.allocations).flatMap((waits) => {
    const [what, why] = waitsText(waits, nowMs);
    if (why === '') return [`    ${what}`];
    const whole = `    ${what}: ${why}`;
    return stringWidth(whole) < columns ? [whole] : [`    ${what}:`, `      ${why}`];
  });
  return lines.slice(0, room).map((line) => paint('yellow', cut(line, columns - 1)));
}

function headLine(model: WatchModel, nowMs: number, { columns, paint }: Screen): string {
  const where = model.agents === 0 ? 'starting' : `${model.cpus} CPU${model.cpus === 1 ? '' : 's'}`;
  const text = `run ${model.run}  ${model.command} · ${model.backend} · ${where} · ${clock(nowMs - model.startedAtMs)}`;
  const state = model.state === 'cancelling' ? paint('yellow', '  cancelling …') : '';
  return paint('bold', cut(text, columns - 1 - (state ? 15 : 0))) + state;
}

interface Widths {
  names: number;
  counts: number;
  bar: number;
  columns: number;
}

function stepLine(step: StepView, nowMs: number, widths: Widths, paint: Paint): string {
  const head = `  ${mark(step, nowMs, paint)} ${pad(cut(step.label, widths.names), widths.names)}`;
  const used = 4 + widths.names;
  const tail = (room: number): string => paintTail(step, nowMs, room, paint);
  if (!step.isMap || step.state === 'waiting') return `${head}  ${tail(widths.columns - used - 2)}`.trimEnd();
  const showBar = widths.columns - used > widths.bar + widths.counts + 14;
  const barText = showBar ? `  ${barOf(step, widths.bar, paint)}` : '';
  const left = widths.columns - used - (showBar ? widths.bar + 2 : 0) - widths.counts - 4;
  return `${head}${barText}  ${padLeft(countText(step), widths.counts)}  ${tail(left)}`.trimEnd();
}

function mark(step: StepView, nowMs: number, paint: Paint): string {
  switch (step.state) {
    case 'succeeded':
      return step.failed > 0 ? paint('yellow', '✔') : paint('green', '✔');
    case 'failed':
      return paint('red', '✖');
    case 'cancelled':
    case 'aborted':
      return paint('yellow', '■');
    case 'waiting':
      return paint('dim', '·');
    case 'expanding':
    case 'running':
    case 'reducing':
      return paint('cyan', SPINNER[Math.floor(nowMs / 100) % SPINNER.length] as string);
  }
}

function barOf(step: StepView, width: number, paint: Paint): string {
  const total = Math.max(1, step.total ?? 1);
  const cells = (units: number): number => Math.floor((units / total) * width);
  const done = step.total === 0 ? width : Math.min(width, cells(doneOf(step)));
  const bad = step.failed > 0 ? Math.min(done, Math.max(1, cells(step.failed))) : 0;
  return paint('green', '━'.repeat(done - bad)) + paint('red', '━'.repeat(bad)) + paint('dim', '─'.repeat(width - done));
}

function countText(step: StepView): string {
  if (!step.isMap || step.state === 'waiting') return '';
  return `${count(doneOf(step))}/${step.total === null ? '?' : count(step.total)}`;
}

/** What stands behind the bar: failures, then the rate and the time left while it works (or how many units run), the time taken after. */
function paintTail(step: StepView, nowMs: number, room: number, paint: Paint): string {
  const failed = step.isMap && step.failed > 0 ? `${count(step.failed)} failed` : '';
  const parts = tailParts(step, nowMs);
  let text = parts.join(' · ');
  while (parts.length > 0 && failed.length + 3 + text.length > room) {
    parts.pop();
    text = parts.join(' · ');
  }
  return [failed && paint('red', failed), text && paint('dim', text)].filter(Boolean).join(paint('dim', ' · '));
}

function tailParts(step: StepView, nowMs: number): string[] {
  if (step.state === 'waiting') return [];
  const startedAtMs = step.startedAtMs ?? nowMs;
  if (isStepEnd(step.state)) {
    const tookMs = (step.endedAtMs ?? nowMs) - startedAtMs;
    const took = tookMs > 0 ? formatDuration(tookMs) : ''; // between two looks: not measured
    if (step.state === 'succeeded' || (step.state === 'failed' && step.failed > 0 && step.isMap)) return [took];
    return step.state === 'failed' ? [step.state, took] : [step.state];
  }
  if (step.state === 'expanding') return ['finding its elements'];
  if (step.state === 'reducing') return ['putting the results together'];
  if (!step.isMap)
    return [formatDuration(Math.floor((nowMs - startedAtMs) / 1000) * 1000)].filter(() => nowMs - startedAtMs >= 1000);
  const [speed, left] = [rateOf(step), etaMs(step)];
  if (speed === null) return step.running > 0 ? [`${count(step.running)} running`] : [];
  return [rate(speed), left === null ? '' : `ETA ${clock(left + 999)}`].filter(Boolean);
}

/** Steps at work come first when there are too many for the screen; the plan's order is kept. */
function chooseSteps(steps: readonly StepView[], room: number): StepView[] {
  if (steps.length <= room) return [...steps];
  const rank = (step: StepView): number => (isStepEnd(step.state) ? 2 : step.state === 'waiting' ? 1 : 0);
  const chosen = new Set([...steps].sort((a, b) => rank(a) - rank(b)).slice(0, room));
  return steps.filter((step) => chosen.has(step));
}
