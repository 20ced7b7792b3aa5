// The allocations of this run on this host: started when core asks for one, watched until they end.
import path from 'node:path';
import type { Event } from '../core/events.ts';
import { LIMITS } from '../model/limits.ts';
import { adoptLocalAgent, type LocalAllocation, startLocalAgent } from '../provider/local.ts';
import type { AllocationRow } from '../store/types.ts';
import { privateDir, writePrivateFile } from '../system/home.ts';

export class LocalAllocations {
  readonly #runDir: string;
  readonly #live = new Map<string, LocalAllocation>();
  /** Environment of units; null: this process's own. */
  environment: NodeJS.ProcessEnv = process.env;

  constructor(runDir: string) {
    this.#runDir = runDir;
  }

  #joinFile(allocation: string): string {
    return path.join(privateDir(path.join(this.#runDir, 'join')), `${allocation}.json`);
  }

  /** Starts the agent's process; it dials once `publish` has said where. */
  spawn(allocation: string): LocalAllocation {
    const started = startLocalAgent({
      joinFile: this.#joinFile(allocation),
      logFile: path.join(this.#runDir, `agent-${allocation}.log`),
      environment: this.environment,
    });
    this.#live.set(allocation, started);
    return started;
  }

  /** Writes the join file: where the coordinator listens, and how many CPU slots to offer. */
  publish(allocation: string, address: string, run: string, workers: number): Promise<void> {
    return writePrivateFile(this.#joinFile(allocation), JSON.stringify({ addresses: [address], run, allocation, workers }));
  }

  /** Ends of allocations become events. */
  watch(allocation: string, enqueue: (event: Event) => void): void {
    const live = this.#live.get(allocation);
    if (live === undefined) return;
    live.ended.then(
      (detail) => {
        this.#live.delete(allocation);
        enqueue({ kind: 'allocation-ended', allocation, cause: 'agent-lost', detail });
      },
      (error: Error) => enqueue({ kind: 'allocation-ended', allocation, cause: 'agent-lost', detail: error.message }),
    );
  }

  /** After a take-over. False: it does not live any more. */
  adopt(row: AllocationRow): boolean {
    const adopted = adoptLocalAgent(row.detail);
    if (adopted) this.#live.set(row.id, adopted);
    return adopted !== undefined;
  }

  isAlive(allocation: string): boolean {
    return this.#live.has(allocation);
  }

  detailOf(allocation: string): Record<string, unknown> {
    return { ...this.#live.get(allocation)?.process };
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /** For want of a run: all are asked to leave, and after a while ended by force. */
  async endAll(): Promise<void> {
    const live = [...this.#live.values()];
    for (const allocation of live) allocation.end();
    const late = setTimeout(() => this.killAll(), LIMITS.leaveGraceMs);
    await Promise.all(live.map(({ ended }) => ended));
    clearTimeout(late);
  }

  killAll(): void {
    for (const allocation of this.#live.values()) allocation.kill();
  }
}
