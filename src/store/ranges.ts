// Settled units as ranges [from, to): put together from blocks, and cut out of each other. Pure.

export interface Range {
  from: number;
  to: number;
}

/** Joins what touches or overlaps. Takes the ranges in any order; gives them sorted. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** What of `whole` is not in `holes`. Both sorted, and disjoint in themselves. */
export function subtractRanges(whole: readonly Range[], holes: readonly Range[]): Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const { from, to } of whole) {
    let start = from;
    while (next < holes.length && (holes[next] as Range).to <= start) next++;
    for (let i = next; i < holes.length && (holes[i] as Range).from < to; i++) {
      const hole = holes[i] as Range;
      if (hole.from > start) left.push({ from: start, to: hole.from });
      start = Math.max(start, hole.to);
    }
    if (start < to) left.push({ from: start, to });
  }
  return left;
}
