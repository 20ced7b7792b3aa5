// `outflow status`: how far a run is, what failed, and what can be done next.
import type { AllocationProgress } from '../../src/rpc/messages.ts';
import { OutflowCommand } from '../base-command.ts';
import { withStore } from '../open-store.ts';
import { findRun, newestRun } from '../run-arg.ts';
import { liveProgress } from '../status/live-progress.ts';
import { statusLines } from '../status/render-status.ts';
import { type StepStatus, stepStatuses } from '../status/step-status.ts';
import { paintFor } from '../text/style.ts';
import { holdOf, targetOf } from '../watch/holder.ts';
import { type Outcome, outcomeOf } from '../watch/outcome.ts';

interface StatusData extends Outcome {
  backend: string;
  pipeline: string;
  planHash: string;
  acceptedAt: string;
  endedAt: string | null;
  agents: number | null;
  cpus: number | null;
  allocations: AllocationProgress[];
  slurmCalls: number | null;
  steps: StepStatus[];
}

export default class Status extends OutflowCommand {
  static override summary = 'Show how far a run is.';
  static override description = 'Its steps with counts, its agents and allocations, its failures, and what can be done next.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status 7k2m'];
  static override args = newestRun;

  override async run(): Promise<StatusData> {
    const { args } = await this.parse(Status);
    return withStore(async (store) => {
      const summary = await findRun(store, args.run ?? 'last');
      const { record, plan, endedAt } = summary;
      const hold = holdOf(summary);
      const target = targetOf(hold);
      const live = target && (await liveProgress(target));
      const nowMs = Date.now();
      const steps = stepStatuses(plan, await store.stepSummaries(record.id), live, nowMs);
      const outcome = await outcomeOf(store, summary, plan);
      const seen = {
        agents: live?.agents ?? null,
        cpus: live?.cpus ?? null,
        allocations: live?.allocations ?? [],
        slurmCalls: live?.slurmCalls ?? null,
      };
      if (!this.jsonEnabled()) {
        const paint = paintFor(process.stdout);
        process.stdout.write(`${statusLines({ summary, outcome, steps, ...seen, nowMs }, paint).join('\n')}\n`);
      }
      const { backend, pipelineFile: pipeline, planHash, createdAt } = record;
      const times = { acceptedAt: createdAt.toISOString(), endedAt: endedAt?.toISOString() ?? null };
      return { ...outcome, backend, pipeline, planHash, ...times, ...seen, steps };
    });
  }
}
