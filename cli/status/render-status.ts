// A run's status for people: what it is, its steps, its failures, and the next commands. Pure.
import { formatDuration } from '../../src/base/duration.ts';
import type { AllocationProgress } from '../../src/rpc/messages.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { argsText } from '../text/args-text.ts';
import { ago, count, counted } from '../text/format.ts';
import { stateText } from '../text/state-text.ts';
import type { Paint } from '../text/style.ts';
import { table } from '../text/table.ts';
import { expectedText } from '../watch/allocations.ts';
import type { Outcome } from '../watch/outcome.ts';
import { failureLines } from '../watch/render-lines.ts';
import type { StepStatus } from './step-status.ts';

const ALLOCATIONS_SHOWN = 20;

/** What a user sees of an allocation's state. */
const ALLOCATION_STATES: Readonly<Record<string, string>> = { asked: 'asked for', running: 'starting', connected: 'working' };

export interface Status {
  summary: RunSummary;
  outcome: Outcome;
  steps: StepStatus[];
  agents: number | null;
  cpus: number | null;
  /** Of Slurm, as the holder sees them; those that have ended are left out. */
  allocations: readonly AllocationProgress[];
  /** Commands of Slurm that the holder has run. */
  slurmCalls: number | null;
  nowMs: number;
}

export function statusLines(status: Status, paint: Paint): string[] {
  const { summary, outcome, steps, allocations, nowMs } = status;
  const failure =
    outcome.failure && outcome.state === 'failed' ? outcome.failure.message.split('\n').map((line) => `  ${line}`) : [];
  const failures = failureLines(outcome.failedUnits.first, outcome.failedUnits.total, paint);
  return [
    ...headLines(status, paint),
    '',
    ...stepTable(steps, paint).map((line) => `  ${line}`),
    ...section(allocationTable(allocations, nowMs, paint).map((line) => `  ${line}`)),
    ...(failure.length + failures.length > 0 ? ['', ...failure, ...failures] : []),
    '',
    ...nextCommands(summary, outcome).map((line) => paint('dim', line)),
  ];
}

function section(lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function headLines({ summary, agents, cpus, slurmCalls, nowMs }: Status, paint: Paint): string[] {
  const { record, state, endedAt } = summary;
  const since = nowMs - record.createdAt.getTime();
  const took =
    endedAt === null ? `for ${formatDuration(since)}` : `in ${formatDuration(endedAt.getTime() - record.createdAt.getTime())}`;
  const calls = slurmCalls ? `, ${counted(slurmCalls, 'Slurm call')}` : '';
  const who = agents === null ? '' : `, ${counted(agents, 'agent')} with ${counted(cpus ?? 0, 'CPU')}${calls}`;
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

/** Those that wait first; why, and until when. */
function allocationTable(allocations: readonly AllocationProgress[], nowMs: number, paint: Paint): string[] {
  if (allocations.length === 0) return [];
  const columns = [{ head: 'ALLOCATION' }, { head: 'JOB' }, { head: 'STATE' }, { head: 'CPUS', right: true }, { head: 'WHY' }];
  const sorted = [...allocations].sort((a, b) => Number(a.state === 'connected') - Number(b.state === 'connected'));
  let last = '';
  const rows = sorted.slice(0, ALLOCATIONS_SHOWN).map(({ id, job, state, cpus, reason, expectedStartMs }) => {
    const until = expectedStartMs > 0 ? `, ${expectedText(expectedStartMs, nowMs)}` : '';
    const why = reason + until;
    const shown = why !== '' && why === last ? '"' : why;
    last = why;
    return [id, job, ALLOCATION_STATES[state] ?? state, cpus > 0 ? count(cpus) : '', shown];
  });
  const more = allocations.length - rows.length;
  return [...table(columns, rows, paint), ...(more > 0 ? [paint('dim', `and ${count(more)} more`)] : [])];
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
