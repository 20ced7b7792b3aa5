// Ends units that use more memory than their step may have a unit (`memPerTask`). What they use is looked at a few times a second, and
// only while there are such units.
import { exactMemory, MemoryProbe } from './hosts/memory.ts';
import type { TaskHost } from './hosts/task-host.ts';

const MIB = 1024 * 1024;
const EVERY_MS = 200;
/** Looking takes no more than a twentieth of the time. */
const REST = 20;

export class MemoryWatch {
  readonly #probe = new MemoryProbe();
  #nextMs = 0;

  /** `hosts`: those that have units. */
  tick(hosts: Iterable<TaskHost>, nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    // The units that run now: looking takes its time, and others may have begun by then.
    const watched = [...hosts].flatMap((host) => {
      const unit = host.limitMib > 0 && host.pid > 0 ? host.running(nowMs)?.unit : undefined;
      return unit === undefined ? [] : [{ host, unit }];
    });
    if (watched.length === 0) return;
    const memory = this.#probe.look(
      watched.map(({ host }) => host.pid),
      nowMs,
    );
    for (const { host, unit } of watched) {
      const { bytes = 0, pids = [] } = memory.get(host.pid) ?? {};
      // The first figure counts shared pages more than once: enough to clear a unit, not to end it.
      if (bytes > host.limitMib * MIB) host.useMemory(unit, Math.min(bytes, exactMemory(pids) || bytes));
    }
    const tookMs = performance.now() - nowMs;
    this.#nextMs = nowMs + Math.max(EVERY_MS, tookMs * REST);
  }

  /** Of all units that run: for people. */
  total(hosts: Iterable<TaskHost>): number {
    const pids = [...hosts].map((host) => host.pid);
    return this.#probe
      .look(pids, performance.now())
      .values()
      .reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
