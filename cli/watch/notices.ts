// What a run says of itself comes twice: at once, as a notice, and as a line of its log when that is committed. Shown once.

export class Notices {
  readonly #seen = new Map<string, Record<'notice' | 'log', number>>();

  /** Whether this is not the second coming of what was shown already. */
  isNews(from: 'notice' | 'log', text: string): boolean {
    const seen = this.#seen.get(text) ?? { notice: 0, log: 0 };
    this.#seen.set(text, seen);
    const before = Math.max(seen.notice, seen.log);
    seen[from] += 1;
    return seen[from] > before;
  }
}
