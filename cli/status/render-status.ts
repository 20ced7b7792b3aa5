// A run's status for people: what it is, its steps, its failures, and the next commands. Pure.
import { formatDuration } from '../../src/base/duration.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { argsText } from '../text/args-text.ts';
import { ago, count, counted } from '../text/format.ts';
import { stateText } from '../text/state-text.ts';
import type { Paint } from '../text/style.ts';
import { table } from '../text/table.ts';
import type { Outcome } from '../watch/outcome.ts';
import { failureLines } from '../watch/render-lines.ts';
import type { StepStatus } from './step-status.ts';

export interface Status {
  summary: RunSummary;
  outcome: Outcome;
  steps: StepStatus[];
  agents: number | null;
  cpus: number | null;
  nowMs: number;
}

export function statusLines(status: Status, paint: Paint): string[] {
  const { summary, outcome, steps } = status;
  const failure =
    outcome.failure && outcome.state === 'failed' ? outcome.failure.message.split('\n').map((line) => `  ${line}`) : [];
  const failures = failureLines(outcome.failedUnits.first, outcome.failedUnits.total, paint);
  return [
    ...headLines(status, paint),
    '',
    ...stepTable(steps, paint).map((line) => `  ${line}`),
    ...(failure.length + failures.length > 0 ? ['', ...failure, ...failures] : []),
    '',
    ...nextCommands(summary, outcome).map((line) => paint('dim', line)),
  ];
}

function headLines({ summary, agents, cpus, nowMs }: Status, paint: Paint): string[] {
  const { record, state, endedAt } = summary;
  const since = nowMs - record.createdAt.getTime();
  const took =
    endedAt === null ? `for ${formatDuration(since)}` : `in ${formatDuration(endedAt.getTime() - record.createdAt.getTime())}`;
  const who = agents === null ? '' : `, ${counted(agents, 'agent')} with ${counted(cpus ?? 0, 'CPU')}`;
  const rows = [
    ['command', record.command + argsText(record.args)],
    ['pipeline', record.pipelineFile],
    ['backend', record.backend + who],
    ['accepted', `${ago(since)}, on ${record.host}`],
  ];
  return [
    `${paint('bold', `run ${record.id}`)}  ${stateText(state, paint)} ${state === 'orphaned' ? '(its coordinator is gone)' : took}`,
    ...rows.map(([name = '', value]) => `  ${paint('dim', name.padEnd(9))} ${value}`),
  ];
}

function stepTable(steps: readonly StepStatus[], paint: Paint): string[] {
  const columns = [
    { head: 'STEP' },
    { head: 'STATE' },
    { head: 'DONE', right: true },
    { head: 'RUNNING', right: true },
    { head: 'FAILED', right: true },
    { head: 'TIME', right: true },
  ];
  return table(
    columns,
    steps.map((step) => stepRow(step, paint)),
    paint,
  );
}

function stepRow(step: StepStatus, paint: Paint): string[] {
  const done = step.succeeded + step.failed + step.other;
  return [
    step.label,
    stateText(step.state, paint),
    step.isMap && (done > 0 || step.total !== null) ? `${count(done)}/${step.total === null ? '?' : count(step.total)}` : '',
    step.running ? count(step.running) : '',
    step.failed > 0 ? paint('red', count(step.failed)) : '',
    step.tookMs === null ? '' : formatDuration(step.tookMs),
  ];
}

function nextCommands({ record }: RunSummary, { state, failedUnits }: Outcome): string[] {
  const { id } = record;
  const next: string[] = [];
  if (state === 'orphaned') next.push(`finish it: outflow resume ${id}`);
  if (state === 'accepted' || state === 'running')
    next.push(`lines:     outflow logs ${id} -f`, `end it:    outflow cancel ${id}`);
  if (failedUnits.total > 0) next.push(`failures:  outflow logs ${id} --failed`);
  if (state === 'succeeded') next.push(`results:   outflow results ${id}`);
  if (next.length === 0 || state === 'succeeded') next.push(`lines:     outflow logs ${id}`);
  return next;
}
