// Runs of fixtures/slurm/held.ts: their units go on until a test lets them go.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SlurmWorld } from './slurm.ts';

/** A line of the notes: unit `index` begins or ends on `host`. */
export interface HeldNote {
  what: 'begin' | 'end';
  index: number;
  attempt: number;
  host: string;
}

export class HeldRun {
  readonly #world: SlurmWorld;
  readonly #notes: string;
  /** What follows `outflow run` or `outflow submit`. */
  readonly args: string[];

  constructor(world: SlurmWorld, name: string, args: string[] = []) {
    this.#world = world;
    this.#notes = path.join(world.dir, name);
    const pipeline = path.join(world.clone, 'test/fixtures/slurm/held.ts');
    this.args = ['held', '--notes', this.#notes, ...args, '--backend', 'slurm', '-p', pipeline];
  }

  async submit(): Promise<string> {
    return (await this.#world.json<{ run: string }>(['submit', ...this.args])).run;
  }

  /** Lets all units end, or those on one host. */
  letGo(host?: string): void {
    this.#world.write(`${path.basename(this.#notes)}.go${host === undefined ? '' : `.${host}`}`, '');
  }

  notes(what: HeldNote['what'] = 'begin'): HeldNote[] {
    if (!existsSync(this.#notes)) return [];
    const lines = readFileSync(this.#notes, 'utf8').trim().split('\n').filter(Boolean);
    return lines
      .map((line) => {
        const [of, index, attempt, host] = line.split(' ') as [HeldNote['what'], string, string, string];
        return { what: of, index: Number(index), attempt: Number(attempt), host };
      })
      .filter((note) => note.what === what);
  }
}
