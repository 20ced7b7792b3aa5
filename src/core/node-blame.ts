// Nodes where agents die at their start, or fell silent: no further allocation goes there.
import { LIMITS } from '../model/limits.ts';

export class NodeBlame {
  readonly #greeted = new Set<string>();
  readonly #silent = new Map<string, number>();
  readonly #excluded = new Set<string>();
  /** Until when they are left out. */
  readonly #lost = new Map<string, number>();

  /** An agent on `node` has said hello. */
  onHello(node: string): void {
    this.#greeted.add(node);
    this.#silent.delete(node);
    this.#lost.delete(node);
  }

  /** An agent on `node` fell silent. Slurm may still think well of the node; whether it is well nobody knows. */
  onLost(node: string, untilMs: number): void {
    this.#lost.set(node, untilMs);
  }

  /**
   * An allocation on `node` ended without a hello, `afterMs` after it began to run. The node is excluded after two such ends, or
   * after a quick one where other nodes do well: then it is the odd one out, and speaks against itself only. The last node that
   * there is is kept.
   */
  onSilentEnd(node: string | null, afterMs: number, hasOthers: boolean): 'kept' | 'excluded' | 'odd-one-out' {
    if (node === null || /[[,]/.test(node)) return 'kept'; // of several nodes nobody knows which one it was
    const count = (this.#silent.get(node) ?? 0) + 1;
    this.#silent.set(node, count);
    const othersDoWell = [...this.#greeted].some((each) => each !== node);
    const isBad = count >= 2 || (othersDoWell && afterMs <= LIMITS.quickEndMs);
    if (!isBad || !hasOthers || this.#excluded.size >= LIMITS.excludedNodes) return 'kept';
    this.#excluded.add(node);
    return othersDoWell ? 'odd-one-out' : 'excluded';
  }

  isExcluded(node: string, nowMs: number): boolean {
    return this.#excluded.has(node) || (this.#lost.get(node) ?? 0) > nowMs;
  }

  excluded(nowMs: number): string[] {
    const lost = [...this.#lost].filter(([, untilMs]) => untilMs > nowMs).map(([node]) => node);
    return [...new Set([...this.#excluded, ...lost.slice(-LIMITS.excludedNodes)])];
  }
}
