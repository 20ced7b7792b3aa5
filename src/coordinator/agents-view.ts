// The agents of a run as people see them: what core knows of them, and what they say they use.
import type { AgentView } from '../core/views.ts';
import type { AgentStatus, Usage } from '../rpc/messages.ts';

const MIB = 2 ** 20;

export interface AgentsViewHost {
  /** Those that are connected. */
  agents(): AgentView[];
  usageOf(agent: string): Usage | undefined;
  drain(agent: string): void;
}

export class AgentsView {
  readonly #host: AgentsViewHost;

  constructor(host: AgentsViewHost) {
    this.#host = host;
  }

  list(nowMs: number): AgentStatus[] {
    return this.#host.agents().map((view) => statusOf(view, this.#host.usageOf(view.info.id), nowMs));
  }

  /** "", or why it cannot be drained. */
  drain(agent: string): string {
    if (!this.#host.agents().some(({ info }) => info.id === agent)) return `no agent ${agent} is connected`;
    this.#host.drain(agent);
    return '';
  }
}

function statusOf(view: AgentView, usage: Usage | undefined, nowMs: number): AgentStatus {
  const { info, isDraining, endsAtMs } = view;
  return {
    id: info.id,
    host: info.host,
    allocation: info.allocation,
    job: info.job,
    state: isDraining ? 'draining' : 'connected',
    cpus: info.cpus,
    cpusUsed: usage?.cpusUsed ?? view.cpusUsed,
    unitsDone: Math.max(usage?.unitsDone ?? 0, view.unitsDone),
    unitsHeld: view.unitsHeld,
    secondsLeft: endsAtMs === null ? 0 : Math.max(1, (endsAtMs - nowMs) / 1000),
    memoryBytes: info.memoryMib * MIB,
    memoryUsedBytes: usage?.memoryBytes ?? 0,
    gpus: info.gpus,
  };
}
