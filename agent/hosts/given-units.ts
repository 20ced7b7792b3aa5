// The units that a host was given and that have not been told of, by the number under which it knows them.
import type { AgentStep, Unit } from '../units.ts';
import type { UnitColumns } from '../wire/columns.ts';

export class GivenUnits {
  readonly #units = new Map<number, Unit>();
  #nextK = 1;

  get size(): number {
    return this.#units.size;
  }

  /** The number that the next unit gets; 1: none was ever given. */
  get nextK(): number {
    return this.#nextK;
  }

  at(k: number): Unit | undefined {
    return this.#units.get(k);
  }

  add(step: AgentStep, units: readonly Unit[]): UnitColumns {
    const columns: UnitColumns = { step: step.ordinal, firstK: this.#nextK, index: [], attempt: [], element: [] };
    for (const unit of units) {
      unit.place = 'in-host';
      this.#units.set(this.#nextK++, unit);
      columns.index.push(unit.index);
      columns.attempt.push(unit.attempt);
      columns.element.push(unit.element);
    }
    return columns;
  }

  /** Gives the unit, if it was still held. */
  delete(k: number): Unit | undefined {
    const unit = this.#units.get(k);
    if (unit !== undefined) this.#units.delete(k);
    return unit;
  }

  /** Gives all from number `k` on. */
  deleteFrom(k: number): Unit[] {
    const taken: Unit[] = [];
    for (const [held, unit] of this.#units) {
      if (held < k) continue;
      this.#units.delete(held);
      taken.push(unit);
    }
    return taken;
  }

  /** Whether there is one, besides the running one, that is not wanted any more. */
  hasUnwanted(running: Unit | undefined): boolean {
    return this.#units.values().some((unit) => unit !== running && unit.wish.kind !== 'run');
  }
}
