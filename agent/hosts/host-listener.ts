// What a task host tells its agent.
import type { Failure } from '../../src/model/states.ts';
import type { Unit } from '../units.ts';
import type { UnitAddress } from '../wire/messages.ts';

/** What the agent is told. A unit that is named in one of the first three is the host's no more. */
export interface HostListener<Host> {
  onSucceeded(unit: Unit, startedAtMs: number, durationMs: number, output: string, blobs: readonly string[]): void;
  onFailed(unit: Unit, startedAtMs: number, durationMs: number, failure: Failure): void;
  /** Units that have not begun. */
  onBack(units: readonly Unit[]): void;
  /** `unit`: of which it is, which may have ended; null: of none. */
  onLine(unit: Unit | UnitAddress | null, stream: number, level: number, atMs: number, text: string): void;
  onDropped(unit: Unit, lines: number): void;
  /** It may have room for more units, or is on its way out. */
  onProgress(host: Host): void;
  /** The process is gone; its units have been told of. `startFailure`: why, when it ended before it could run any. */
  onGone(host: Host, startFailure: { failure: Failure; isFinal: boolean } | null): void;
}
