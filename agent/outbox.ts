// What the coordinator must commit: results, log lines, units given back. Gathered into reports, each kept until it is
// acknowledged. Pure: it is told the time, and sends nothing.

import type { Failure } from '../src/model/states.ts';
import type { FailureMessage, LeaseRef, LogLine, Report, SettledBatch } from '../src/rpc/messages.ts';
import type { Unit } from './units.ts';

interface Bounds {
  flushMs: number;
  batchUnits: number;
  messageFillBytes: number;
}

/** About what an entry takes beside its texts. */
const ENTRY_BYTES = 40;

export class Outbox {
  readonly #bounds: Bounds;
  #seq = 0;
  #open: Report | undefined;
  #openedAtMs = 0;
  #entries = 0;
  #bytes = 0;
  /** Sealed, in order; those that were sent on this connection come first. */
  readonly #unacknowledged: Report[] = [];
  #sent = 0;
  #lines = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Log lines that are not committed yet. */
  get lines(): number {
    return this.#lines;
  }

  get isEmpty(): boolean {
    return this.#open === undefined && this.#unacknowledged.length === 0;
  }

  succeeded(unit: Unit, startedAtMs: number, durationMs: number, output: string, nowMs: number): void {
    const report = this.#report(nowMs);
    let batch = report.succeeded.at(-1);
    if (batch?.step !== unit.step.ordinal || batch.epoch !== unit.epoch) {
      batch =
        report.succeeded.find(({ step, epoch }) => step === unit.step.ordinal && epoch === unit.epoch) ?? newBatch(report, unit);
    }
    batch.n.push(unit.n);
    batch.index.push(unit.index);
    batch.startedAtMs.push(startedAtMs);
    batch.durationMs.push(durationMs);
    batch.output.push(output);
    this.#added(utf8Bound(output));
  }

  failed(unit: Unit, startedAtMs: number, durationMs: number, failure: Failure, cancelled: boolean, nowMs: number): void {
    const message = failureMessage(failure);
    this.#report(nowMs).failed.push({ lease: unit.lease, startedAtMs, durationMs, failure: message, cancelled });
    this.#added(utf8Bound(message.message) + utf8Bound(message.stack));
  }

  returned(unit: Unit, nowMs: number): void {
    this.#report(nowMs).returned.push(unit.lease);
    this.#added(0);
  }

  line(line: LogLine, nowMs: number): void {
    this.#report(nowMs).logs.push(line);
    this.#lines += 1;
    this.#added(utf8Bound(line.text));
  }

  /** When what is gathered must be sent; undefined: nothing is. */
  get dueAtMs(): number | undefined {
    return this.#open && this.#openedAtMs + this.#bounds.flushMs;
  }

  /** Closes the report that is being gathered. */
  seal(): void {
    if (this.#open === undefined) return;
    this.#unacknowledged.push(this.#open);
    this.#open = undefined;
    this.#entries = 0;
    this.#bytes = 0;
  }

  /** The next sealed report that was not sent on this connection. */
  nextToSend(): Report | undefined {
    const report = this.#unacknowledged[this.#sent];
    if (report !== undefined) this.#sent += 1;
    return report;
  }

  get hasUnsent(): boolean {
    return this.#sent < this.#unacknowledged.length;
  }

  /** All up to `seq` are committed. */
  acknowledge(seq: number): void {
    for (let first = this.#unacknowledged[0]; first !== undefined && first.seq <= seq; first = this.#unacknowledged[0]) {
      this.#unacknowledged.shift();
      this.#sent = Math.max(0, this.#sent - 1);
      this.#lines -= first.logs.length;
    }
  }

  /** A new connection, whose coordinator has all up to `seq`: the others are sent again. */
  resend(seq: number): void {
    this.#sent = 0;
    this.acknowledge(seq);
    this.#sent = 0;
  }

  /** Units that have settled here, as far as no acknowledgement says that it is known, and the reports that tell of them. */
  *finished(): Iterable<{ lease: LeaseRef; seq: number }> {
    for (const report of this.#open ? [...this.#unacknowledged, this.#open] : this.#unacknowledged) {
      for (const { step, epoch, n, index } of report.succeeded) {
        for (let i = 0; i < n.length; i++)
          yield { lease: { step, epoch, n: n[i] as number, index: index[i] as number }, seq: report.seq };
      }
      for (const { lease } of report.failed) yield { lease, seq: report.seq };
    }
  }

  #report(nowMs: number): Report {
    if (this.#open === undefined) {
      this.#seq += 1;
      this.#open = { seq: this.#seq, logs: [], succeeded: [], failed: [], returned: [] };
      this.#openedAtMs = nowMs;
    }
    return this.#open;
  }

  #added(bytes: number): void {
    this.#entries += 1;
    this.#bytes += bytes + ENTRY_BYTES;
    if (this.#entries >= this.#bounds.batchUnits || this.#bytes >= this.#bounds.messageFillBytes) this.seal();
  }
}

function newBatch(report: Report, unit: Unit): SettledBatch {
  const batch: SettledBatch = {
    step: unit.step.ordinal,
    epoch: unit.epoch,
    n: [],
    index: [],
    startedAtMs: [],
    durationMs: [],
    output: [],
  };
  report.succeeded.push(batch);
  return batch;
}

function failureMessage(failure: Failure): FailureMessage {
  const { cause, message, task = '', stack = '', exitCode = 0, signal = '' } = failure;
  return { cause, message, task, stack, exitCode, signal };
}

/** Bytes of a text on the wire, or a little more. */
function utf8Bound(text: string): number {
  return text.length < 256 ? text.length * 3 : Buffer.byteLength(text);
}
