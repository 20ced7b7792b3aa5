// Texts that people will read, kept within their bounds.
import { LIMITS } from '../src/model/limits.ts';

/** A log line of at most `logLineBytes`, marked where it was cut. */
export function cutLine(text: string): string {
  return cutBytes(text, LIMITS.logLineBytes);
}

/** At most `bytes` bytes of UTF-8, with `…` at the end where some are missing. */
export function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const cut = Buffer.from(text.slice(0, bytes)).subarray(0, bytes - 3);
  return `${cut.toString('utf8').replace(/\uFFFD+$/, '')}…`;
}

export function timeoutText(timeoutMs: number): string {
  return `did not end within its timeout of ${timeoutMs >= 1000 ? `${timeoutMs / 1000} s` : `${timeoutMs} ms`}`;
}
