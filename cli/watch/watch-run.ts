// Watches a run to its end: events from whoever holds it, Ctrl-C to it, and the truth from the store when it is over.
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../src/model/limits.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import { dialFirst } from '../../src/rpc/dial.ts';
import type { WatchEvent } from '../../src/rpc/messages.ts';
import type { Store } from '../../src/store/store.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { stepLabels } from '../text/step-labels.ts';
import { holdOf, type Target, targetOf } from './holder.ts';
import { onInterrupt } from './interrupt.ts';
import { LogTail } from './log-tail.ts';
import { applyProgress, newModel, type WatchModel } from './model.ts';
import { Notices } from './notices.ts';
import type { Printer } from './printer.ts';
import { toTaskLine } from './task-line.ts';

const POLL_MS = 200;

export interface WatchOptions {
  store: Store;
  run: string;
  plan: Plan;
  backend: string;
  printer: Printer;
  /** Who is known to hold the run; else the store says. */
  address?: string;
  /** Show the tasks' lines from then on; default: all. */
  sinceMs?: number;
  /** Takes Ctrl-C from whoever had it before; true: it was pressed already. */
  endInterruption?: () => boolean;
}

/** The run's summary when it has ended, or is held by nobody any more. */
export async function watchRun(options: WatchOptions): Promise<RunSummary> {
  const watch = new Watch(options);
  const uninstall = onInterrupt({ cancel: () => watch.cancel(), cancelNow: () => watch.cancelNow() });
  if (options.endInterruption?.()) process.emit('SIGINT');
  try {
    return await watch.toTheEnd();
  } finally {
    uninstall();
    options.printer.close();
  }
}

class Watch {
  readonly #options: WatchOptions;
  readonly #logs: LogTail;
  #model: WatchModel;
  #client: CoordinatorClient | undefined;
  /** Set by the second Ctrl-C: when to stop waiting. */
  #giveUpAtMs = Number.POSITIVE_INFINITY;
  #stop = new AbortController();
  readonly #notices = new Notices();

  constructor(options: WatchOptions) {
    const { run, plan, backend } = options;
    this.#options = options;
    const labels = stepLabels(plan);
    const steps = plan.workflow.steps.map((step, at) => ({ label: labels[at] as string, isMap: step.kind === 'map' }));
    const query = options.sinceMs === undefined ? { run } : { run, sinceMs: options.sinceMs };
    this.#logs = new LogTail(options.store, query, (line) => {
      if (line.step !== null || this.#notices.isNews('log', line.text)) options.printer.task(toTaskLine(line, plan, labels));
    });
    this.#model = newModel({ run, command: plan.command, backend, steps }, Date.now());
    options.printer.start(this.#model);
  }

  async toTheEnd(): Promise<RunSummary> {
    const { store, run } = this.#options;
    const { address } = this.#options;
    let target: Target | undefined = address === undefined ? undefined : { addresses: [address] };
    for (;;) {
      if (target !== undefined) await this.#follow(target);
      const summary = await store.findRun(run);
      await this.#logs.read();
      const hold = holdOf(summary);
      if (hold.kind === 'ended' || hold.kind === 'nobody' || Date.now() > this.#giveUpAtMs) return summary;
      target = targetOf(hold);
      await sleep(POLL_MS);
    }
  }

  /** Shows events until the stream ends, for whatever reason. */
  async #follow({ addresses, tls }: Target): Promise<void> {
    let client: CoordinatorClient | undefined;
    try {
      client = await dialFirst(addresses, tls, { signal: this.#stop.signal });
      this.#client = client;
      for await (const event of client.watch({ logs: true }, this.#stop.signal)) {
        this.#show(event);
        if (event.kind === 'end') return;
      }
    } catch {
      // The coordinator went away: the store knows whether the run has ended, and who else may hold it.
    } finally {
      this.#client = undefined;
      client?.close();
    }
  }

  #show(event: WatchEvent): void {
    const { printer } = this.#options;
    switch (event.kind) {
      case 'progress':
        this.#model = applyProgress(this.#model, event.progress, Date.now());
        return printer.update(this.#model);
      case 'log':
        // Only a sign that there is one: a watcher that comes late or is slow misses lines, the store does not.
        this.#logs.read().catch((error: Error) => printer.note(`the log lines are delayed: ${error.message}`, 'warn'));
        return;
      case 'notice':
        if (this.#notices.isNews('notice', event.notice.text)) printer.note(event.notice.text, event.notice.level);
        return;
      case 'end':
        return;
    }
  }

  cancel(): void {
    const { store, run, printer } = this.#options;
    printer.note('cancelling … (Ctrl-C again to end at once)', 'info');
    const nudge = (): Promise<void> => this.#client?.cancel({ now: false }) ?? Promise.resolve();
    // The intent is stored first; a nudge that fails is made up for by the coordinator, which looks at the intent.
    store
      .requestCancel(run)
      .then(nudge)
      .catch((error: Error) => printer.note(`the cancel is delayed: ${error.message}`, 'warn'));
  }

  cancelNow(): void {
    this.#options.printer.note('ending at once …', 'info');
    this.#giveUpAtMs = Date.now() + LIMITS.cancelGraceMs;
    this.#client?.cancel({ now: true }).catch(() => {});
    setTimeout(() => this.#stop.abort(), LIMITS.cancelGraceMs).unref();
  }
}
