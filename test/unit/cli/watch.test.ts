// A watched run as a picture and as lines: pure, from a model and a time.
import stringWidth from 'fast-string-width';
import { describe, expect, test } from 'vitest';
import { timeOfDay } from '../../../cli/text/format.ts';
import { plain } from '../../../cli/text/style.ts';
import { applyProgress, etaMs, newlySettled, newModel, rateOf, type WatchModel } from '../../../cli/watch/model.ts';
import { Notices } from '../../../cli/watch/notices.ts';
import { failureLines, outcomeLine, stepEndLine, taskLine, waitNews } from '../../../cli/watch/render-lines.ts';
import { renderLive } from '../../../cli/watch/render-live.ts';
import type { AllocationProgress, StepProgress } from '../../../src/rpc/messages.ts';

const start = 1_000_000;
const fresh = newModel(
  {
    run: '7k2m9q1c',
    command: 'compute_data',
    backend: 'parallel',
    steps: [
      { label: 'GenData', isMap: false },
      { label: 'Compute', isMap: true },
      { label: 'PrintData', isMap: false },
    ],
  },
  start,
);

const of = (step: number, state: string, more: Partial<StepProgress> = {}): StepProgress => ({
  step,
  state,
  totalKnown: true,
  total: 1,
  succeeded: 0,
  failed: 0,
  other: 0,
  running: 0,
  startedAtMs: 0,
  endedAtMs: 0,
  ...more,
});

function progressed(
  model: WatchModel,
  atMs: number,
  steps: StepProgress[],
  allocations: AllocationProgress[] = [],
  state = 'running',
): WatchModel {
  return applyProgress(model, { steps, agents: 1, cpus: 6, state, slurmCalls: 0, allocations }, start + atMs);
}

const allocation = (id: string, state: string, reason = '', expectedStartMs = 0): AllocationProgress => ({
  id,
  job: '',
  state,
  reason,
  expectedStartMs,
  cpus: 8,
});

const first = progressed(fresh, 200, [of(0, 'running')]);
const second = progressed(first, 1_000, [of(0, 'succeeded', { succeeded: 1 }), of(1, 'running', { total: 1_000 })]);
const third = progressed(second, 3_000, [of(1, 'running', { total: 1_000, succeeded: 398, failed: 2, running: 6 })]);

const picture = (model: WatchModel, atMs: number, columns = 80, rows = 24) =>
  renderLive(model, start + atMs, { columns, rows, paint: plain });

test('the picture has a line a step, aligned, with bar, counts, failures, rate and time left', () => {
  expect(picture(third, 3_000)).toEqual([
    'run 7k2m9q1c  compute_data · parallel · 6 CPUs · 0:03',
    '  ✔ GenData    800 ms',
    '  ⠋ Compute    ━━━━━━━────────────  400/1,000  2 failed · 200/s · ETA 0:03',
    '  · PrintData',
  ]);
});

test('units that take longer than the rate looks back are seen to run', () => {
  const slow = progressed(second, 60_000, [of(1, 'running', { total: 1_000, running: 6 })]);
  expect(picture(slow, 60_000)[2]).toBe('  ⠋ Compute    ─────────────────────  0/1,000  6 running');
});

test.each([40, 60, 80, 120, 200])('no line is wider than a terminal of %i columns', (columns) => {
  for (const model of [fresh, first, second, third]) {
    for (const line of picture(model, 3_000, columns)) expect(stringWidth(line)).toBeLessThan(columns);
  }
});

test('on a low terminal the steps at work are shown first', () => {
  expect(picture(third, 3_000, 80, 4)).toEqual([
    'run 7k2m9q1c  compute_data · parallel · 6 CPUs · 0:03',
    expect.stringContaining('Compute'),
    '    and 2 more steps',
  ]);
});

test('rate and time left are of the last seconds', () => {
  const step = third.steps[1]!;
  expect(rateOf(step)).toBe(200);
  expect(etaMs(step)).toBe(3_000);
  expect(rateOf(first.steps[1]!)).toBeNull();
});

test('a step that settles is told once', () => {
  expect(newlySettled(first, second).map((step) => step.label)).toEqual(['GenData']);
  expect(newlySettled(second, third)).toEqual([]);
});

describe('allocations that are not there yet', () => {
  const priority = 'jobs of higher priority come first (Priority)';
  const soon = start + 12 * 60_000;
  const at = timeOfDay(soon, start);
  const waiting = [allocation('1-1.0', 'pending', priority), allocation('1-1.1', 'pending', priority, soon)];

  test('are below the picture, with when and why', () => {
    const model = progressed(second, 2_000, [], [...waiting, allocation('1-1.2', 'running'), allocation('1-1.3', 'connected')]);
    expect(picture(model, 0, 120).slice(4)).toEqual([
      `    2 allocations (16 CPUs) wait, start expected at ${at} (in 12 min): ${priority}`,
      '    1 allocation (8 CPUs) starts',
    ]);
    expect(picture(model, 0, 80).slice(4, 6)).toEqual([
      `    2 allocations (16 CPUs) wait, start expected at ${at} (in 12 min):`,
      `      ${priority}`,
    ]);
    expect(picture(model, 0, 80, 6)).toHaveLength(5);
  });

  test('are not waited for once the run is being cancelled', () => {
    expect(picture(progressed(second, 2_000, [], waiting, 'cancelling'), 0)).toHaveLength(4);
  });

  test('are told in lines when there is news', () => {
    const news = (said: string, allocations: AllocationProgress[]) =>
      waitNews(said, progressed(second, 2_000, [], allocations), start);
    const asked = news('', [allocation('1-1.0', 'asked')]);
    expect(asked.lines).toEqual([]);
    const first = news(asked.said, waiting);
    expect(first.lines).toEqual([`2 allocations (16 CPUs) wait, start expected at ${at} (in 12 min): ${priority}`]);
    expect(news(first.said, [allocation('1-1.0', 'pending', priority, soon + 60_000)]).lines).toEqual([]);
    const starts = news(first.said, [allocation('1-1.0', 'running')]);
    expect(starts.lines).toEqual([]);
    expect(news(starts.said, [allocation('1-1.0', 'connected')]).lines).toEqual(['no allocation waits any more; 6 CPUs at work']);
  });
});

test('what a run says of itself is shown once, whichever way it comes first', () => {
  const notices = new Notices();
  expect(notices.isNews('notice', 'full')).toBe(true);
  expect(notices.isNews('log', 'full')).toBe(false);
  expect(notices.isNews('log', 'full')).toBe(true);
  expect(notices.isNews('notice', 'full')).toBe(false);
});

describe('lines', () => {
  test('of a step that ended', () => {
    expect(stepEndLine(second.steps[0]!, plain)).toBe('GenData: done in 800 ms');
    const done = progressed(third, 5_000, [of(1, 'failed', { total: 1_000, succeeded: 998, failed: 2 })]);
    expect(stepEndLine(done.steps[1]!, plain)).toBe('Compute: failed after 4 s, 1,000 of 1,000 done, 2 failed');
  });

  test('of a task say which unit they are from', () => {
    expect(taskLine({ from: 'Compute/2', stream: 'log', level: 'info', text: 'hello' }, plain)).toBe('Compute/2 | hello');
    expect(taskLine({ from: '', stream: 'system', level: 'warn', text: 'hello' }, plain)).toBe('outflow | hello');
  });

  test('of the outcome', () => {
    expect(outcomeLine('7k2m9q1c', 'succeeded', 2_400, plain)).toBe('✔ run 7k2m9q1c succeeded in 2.4 s');
    expect(outcomeLine('7k2m9q1c', 'orphaned', null, plain)).toBe('! run 7k2m9q1c is orphaned: its coordinator is gone');
  });

  test('of failures name the first ones, with cause and place', () => {
    const failed = { unit: 'Compute/1', cause: 'exception', message: 'Error: no\nmore', where: 'pipeline.ts:12:9' };
    expect(failureLines([failed], 3, plain)).toEqual([
      '  Compute/1  exception  Error: no',
      '      at pipeline.ts:12:9',
      '  and 2 more failed units',
    ]);
  });
});
