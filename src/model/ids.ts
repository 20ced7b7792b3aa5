// Names of runs and units as users see and type them: RUN, RUN/step, RUN/step/index.

export interface UnitAddress {
  run: string;
  step?: string;
  index?: number;
}

/** Reads `RUN[/step[/index]]`; a step's id may itself hold slashes, so the index is the last all-digit part. */
export function parseAddress(text: string): UnitAddress {
  const [run = '', ...rest] = text.split('/');
  if (rest.length === 0) return { run };
  const last = rest.at(-1) as string;
  if (rest.length > 1 && /^\d+$/.test(last)) return { run, step: rest.slice(0, -1).join('/'), index: Number(last) };
  return { run, step: rest.join('/') };
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32: no i, l, o, u

/** A run's id from 5 random bytes: 8 characters that are easy to read aloud; any unambiguous beginning names the run. */
export function runIdFrom(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes.subarray(0, 5)) bits = (bits << 8n) | BigInt(byte);
  let id = '';
  for (let shift = 35n; shift >= 0n; shift -= 5n) id += ALPHABET[Number((bits >> shift) & 31n)];
  return id;
}
