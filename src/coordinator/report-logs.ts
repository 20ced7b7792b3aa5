// Log lines of agents' reports, from their arrival to the transaction that commits them with their report.
import { LIMITS } from '../model/limits.ts';
import type { LogRow } from '../store/types.ts';

export class ReportLogs {
  readonly #rows = new Map<string, LogRow[]>();
  /** Agents' own lines, not of units: what holds for many nodes is told once. Those that were said last stand last. */
  readonly #told = new Set<string>();

  add(agent: string, seq: number, rows: LogRow[]): void {
    if (rows.length > 0) this.#rows.set(`${agent}#${seq}`, rows);
  }

  /** Those of a report that was accepted, once. */
  take(agent: string, seq: number): readonly LogRow[] {
    const key = `${agent}#${seq}`;
    const rows = this.#rows.get(key);
    if (rows === undefined) return [];
    this.#rows.delete(key);
    return rows.filter(({ step, text }) => step !== null || this.#isNews(text));
  }

  #isNews(text: string): boolean {
    const isNews = !this.#told.delete(text);
    this.#told.add(text);
    if (this.#told.size > LIMITS.toldLines) this.#told.delete(this.#told.values().next().value as string);
    return isNews;
  }
}
