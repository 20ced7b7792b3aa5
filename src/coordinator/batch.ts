// Durable effects of one batch of events, put together for one transaction.
import { assertNever } from '../base/assert.ts';
import type { DurableEffect } from '../core/effects.ts';
import type { CommitBatch, LogRow } from '../store/types.ts';

type Filled = { [Name in keyof CommitBatch]-?: NonNullable<CommitBatch[Name]> };

export interface BatchSources {
  /** Log lines of a report that has just been accepted. */
  logsOf(agent: string, seq: number): readonly LogRow[];
  /** What the provider knows of an allocation. */
  detailOf(allocation: string, pool: number): Record<string, unknown>;
  providerOf(pool: number): 'local' | 'slurm';
  /** Lines of the run itself. */
  ownLogs: LogRow[];
  nowMs: number;
}

/** Undefined when there is nothing to commit. */
export function batchOf(effects: readonly DurableEffect[], sources: BatchSources): CommitBatch | undefined {
  if (effects.length === 0 && sources.ownLogs.length === 0) return undefined;
  const lists: Omit<Filled, 'end' | 'commitId'> = {
    units: [],
    attempts: [],
    logs: [...sources.ownLogs],
    steps: [],
    agentReports: [],
    agents: [],
    allocations: [],
  };
  const batch: CommitBatch = lists;
  const reports = new Map<string, number>();
  for (const effect of effects) {
    switch (effect.kind) {
      case 'store-units': {
        const failure = effect.failure.map((each) => (each === null ? null : JSON.stringify(each)));
        const { kind: _, ...columns } = effect;
        lists.units.push({ ...columns, failure });
        break;
      }
      case 'store-attempt': {
        const { kind: _, ...row } = effect;
        lists.attempts.push({ ...row, endedAtMs: sources.nowMs });
        break;
      }
      case 'store-step': {
        const { kind: _, ...row } = effect;
        lists.steps.push({ ...row, atMs: sources.nowMs });
        break;
      }
      case 'store-agent':
        lists.agents.push({ ...effect.agent, state: effect.state, atMs: sources.nowMs });
        break;
      case 'accept-report':
        for (const line of sources.logsOf(effect.agent, effect.seq)) lists.logs.push(line);
        reports.set(effect.agent, effect.seq);
        break;
      case 'store-allocation':
        lists.allocations.push({
          id: effect.allocation,
          provider: sources.providerOf(effect.pool),
          state: effect.state,
          detail: { ...sources.detailOf(effect.allocation, effect.pool), pool: effect.pool },
          atMs: sources.nowMs,
        });
        break;
      case 'store-end':
        batch.end = { state: effect.state, failure: effect.failure };
        break;
      default:
        assertNever(effect, 'durable effect');
    }
  }
  for (const [agent, seq] of reports) lists.agentReports.push({ agent, seq });
  return batch;
}
