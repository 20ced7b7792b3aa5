// Whose the lines of a host are: its own words name the unit; what else it prints is of the unit that runs, or ran last.
import type { Unit } from '../units.ts';
import type { FromHost } from '../wire/messages.ts';
import type { HostListener } from './host-listener.ts';
import type { HostUnits } from './host-units.ts';

type Listener = Pick<HostListener<never>, 'onLine' | 'onDropped'>;

export class HostLines {
  readonly #units: HostUnits;
  readonly #listener: () => Listener | undefined;
  #lastUnit: Unit | null = null;

  constructor(units: HostUnits, listener: () => Listener | undefined) {
    this.#units = units;
    this.#listener = listener;
  }

  onMessage(message: Extract<FromHost, { kind: 'logs' | 'late-log' | 'dropped' }>): void {
    const listener = this.#listener();
    if (message.kind === 'logs') {
      for (const [k, stream, level, atMs, text] of message.lines)
        listener?.onLine(this.#units.at(k) ?? this.#lastUnit, stream, level, atMs, text);
    } else if (message.kind === 'late-log') {
      listener?.onLine(message.unit, message.stream, message.level, message.atMs, message.text);
    } else {
      const unit = this.#units.at(message.k);
      if (unit) listener?.onDropped(unit, message.count);
    }
  }

  onPrinted(stream: number, level: number, text: string): void {
    this.#listener()?.onLine(this.#units.at(this.#units.runningK) ?? this.#lastUnit, stream, level, Date.now(), text);
  }

  onEnded(unit: Unit): void {
    this.#lastUnit = unit;
  }
}
