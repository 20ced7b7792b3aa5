// Times and amounts of memory as sbatch takes them.

const TIME = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/;
const MEMORY = /^(\d+)([KMGT]?)$/i;
const KIB: Readonly<Record<string, number>> = { K: 1, '': 1024, M: 1024, G: 1024 ** 2, T: 1024 ** 3 };

/**
 * Whole minutes, rounded up as Slurm does, of `30` (minutes), `30:00`, `2:00:00`, `1-12`, `1-12:30` or `1-12:30:00`; Infinity of
 * `UNLIMITED` and `INFINITE`; undefined of what is no time, and of 0, with which Slurm means the same as without one.
 */
export function timeMinutes(value: unknown): number | undefined {
  const text = String(value).trim();
  if (/^(?:unlimited|infinite)$/i.test(text)) return Number.POSITIVE_INFINITY;
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, days, first, second, third] = match.map((part) => (part === undefined ? undefined : Number(part)));
  const minutes =
    days !== undefined
      ? days * 1_440 + (first ?? 0) * 60 + (second ?? 0) + (third ?? 0) / 60
      : third !== undefined
        ? (first ?? 0) * 60 + (second ?? 0) + third / 60
        : (first ?? 0) + (second ?? 0) / 60;
  return minutes > 0 && Number.isFinite(minutes) ? Math.ceil(minutes) : undefined;
}

/** `90` is `1:30:00`, `1500` is `1-01:00:00`: a time as sbatch and squeue write it. */
export function timeText(minutes: number): string {
  if (!Number.isFinite(minutes)) return 'UNLIMITED';
  const [days, hours, rest] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60), minutes % 60];
  const pad = (count: number) => String(count).padStart(2, '0');
  return days > 0 ? `${days}-${pad(hours)}:${pad(rest)}:00` : `${hours}:${pad(rest)}:00`;
}

/** MiB, rounded up, of `4G`, `500M`, `2T`, `100K`, or of a bare number, which is MiB; undefined of what is no amount. */
export function memoryMib(value: unknown): number | undefined {
  const match = MEMORY.exec(String(value).trim());
  if (match === null) return undefined;
  const mib = (Number(match[1]) * (KIB[(match[2] as string).toUpperCase()] as number)) / 1024;
  return Number.isSafeInteger(Math.ceil(mib)) ? Math.ceil(mib) : undefined;
}

/** `500M`, `4G`, `1.5G`: for people. */
export function memoryText(mib: number): string {
  if (mib < 1024) return `${mib}M`;
  const [amount, unit] = mib < 1024 ** 2 ? [mib / 1024, 'G'] : [mib / 1024 ** 2, 'T'];
  return `${amount.toFixed(1).replace(/\.0$/, '')}${unit}`;
}
