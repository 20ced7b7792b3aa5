// What nodes Slurm has: asked once, and again while it does not answer, as it may be busy, or being restarted.
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../base/duration.ts';
import type { Event } from '../../core/events.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Slurm } from '../../provider/slurm/index.ts';
import { messageOf } from './job.ts';
import type { Silence } from './silence.ts';

type Answer = Extract<Event, { kind: 'site-known' | 'site-unknown' }>;

/** Rejects when it is stopped. */
export async function askSite(slurm: Slurm, silence: Silence, signal: AbortSignal): Promise<Answer> {
  for (const untilMs = performance.now() + LIMITS.slurmPatienceMs; ; ) {
    try {
      const site = await slurm.site(signal);
      silence.end();
      return { kind: 'site-known', site };
    } catch (error) {
      signal.throwIfAborted();
      const message = messageOf(error as Error);
      if (performance.now() > untilMs) return { kind: 'site-unknown', message };
      silence.begin(message, `it is asked again for ${formatDuration(LIMITS.slurmPatienceMs)}`);
    }
    await sleep(LIMITS.slurmRetryMs, undefined, { signal });
  }
}
