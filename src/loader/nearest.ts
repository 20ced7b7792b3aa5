// The name that was probably meant.
import { distance } from 'fastest-levenshtein';

/** The nearest of `names`, if it is near enough to be a slip: a third of its letters, and at least two. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase());
    if (steps < bestDistance) [best, bestDistance] = [candidate, steps];
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.ceil(best.length / 3)) ? best : undefined;
}

/** `did you mean x?`, or what there is. */
export function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? `known: ${names.join(', ')}` : `did you mean ${near}?`;
}
