// Durations as people write them: a number of seconds, or `1.5s`, `5m`, `2h30m`, `250ms`.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** The longest duration that a timer of JavaScript can wait: 2³¹ − 1 ms, about 24.8 days. */
export const MAX_DURATION_MS = 2_147_483_647;

/** Milliseconds (whole, at least 0), or undefined where `duration` is not one or is longer than `MAX_DURATION_MS`. */
export function parseDuration(duration: unknown): number | undefined {
  let ms = Number.NaN;
  if (typeof duration === 'number') ms = duration * 1_000;
  if (typeof duration === 'string' && WHOLE.test(duration)) {
    ms = 0;
    for (const [, amount, unit] of duration.matchAll(PART)) ms += Number(amount) * (UNIT_MS[unit as string] as number);
  }
  return ms >= 0 && ms <= MAX_DURATION_MS ? Math.round(ms) : undefined;
}

/** `850 ms`, `1.5 s`, `2 m 05 s`, `1 h 30 m`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

function pad(count: number): string {
  return String(count).padStart(2, '0');
}
