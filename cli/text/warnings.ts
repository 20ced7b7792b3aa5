// Warnings: what is not refused, and should be known.
import { type Paint, paintFor } from './style.ts';

export function warningLines(texts: readonly string[], paint: Paint): string[] {
  return texts.map((text) => `${paint('yellow', 'warning:')} ${text}`);
}

/** On stderr. */
export function printWarnings(texts: readonly string[]): void {
  for (const line of warningLines(texts, paintFor(process.stderr))) process.stderr.write(`${line}\n`);
}
