// The host's own TMPDIR: what a unit leaves in it is removed after the unit. That costs nothing where no unit looks at TMPDIR.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export class TempDir {
  readonly #directory: string | undefined;
  /** What was there before any unit: it is the pipeline's, not a unit's. */
  readonly #kept: ReadonlySet<string>;
  #wasSeen = false;

  constructor(directory: string | undefined) {
    this.#directory = directory;
    this.#kept = new Set(this.#names());
  }

  /** Somebody asks where it is, perhaps for a child process. */
  onSeen(): void {
    this.#wasSeen = true;
  }

  /** After each unit. */
  clean(): void {
    if (!this.#wasSeen) return;
    this.#wasSeen = false;
    for (const name of this.#names()) {
      if (this.#kept.has(name)) continue;
      try {
        rmSync(path.join(this.#directory as string, name), { recursive: true, force: true });
      } catch {
        // A process of the unit still writes there, or took the right to; the agent removes it in the end.
      }
    }
  }

  #names(): string[] {
    try {
      return this.#directory === undefined ? [] : readdirSync(this.#directory);
    } catch {
      return [];
    }
  }
}
