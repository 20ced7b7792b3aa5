// Reports: gathered, numbered, kept until acknowledged, repeated in order.
import { expect, test } from 'vitest';
import { Outbox } from '../../../agent/outbox.ts';
import { AgentStep, HeldUnits, type Unit } from '../../../agent/units.ts';
import type { LogLine } from '../../../src/rpc/messages.ts';

const bounds = { flushMs: 5, batchUnits: 4, messageFillBytes: 1_000 };
const step = new AgentStep(
  { step: 2, id: 's', cpus: 1, map: true, shared: '{}', noOutputs: false, isolate: false, memoryMib: 0, gpus: 0, timeMs: 0 },
  { slots: 1, memoryMib: 0, limitMib: 0, gpus: 0 },
);

function units(count: number): Unit[] {
  const index = Array.from({ length: count }, (_, i) => i);
  return new HeldUnits().add(
    step,
    { step: 2, epoch: 3, firstN: 10, index, attempt: index.map(() => 1), element: index.map(() => '') },
    0,
  );
}
const line = (text: string): LogLine => ({
  hasUnit: false,
  step: 0,
  index: 0,
  attempt: 0,
  seq: 0,
  atMs: 0,
  stream: 0,
  level: 1,
  text,
});

function seqs(outbox: Outbox): number[] {
  const sent: number[] = [];
  for (let report = outbox.nextToSend(); report; report = outbox.nextToSend()) sent.push(report.seq);
  return sent;
}

test('results of one step stand in columns', () => {
  const outbox = new Outbox(bounds);
  for (const unit of units(2)) outbox.succeeded(unit, 1, 2, '"x"', 0);
  outbox.seal();
  expect(outbox.nextToSend()).toMatchObject({
    seq: 1,
    succeeded: [{ step: 2, epoch: 3, n: [10, 11], index: [0, 1], durationMs: [2, 2], output: ['"x"', '"x"'] }],
  });
});

test('a report is due some time after its first entry', () => {
  const outbox = new Outbox(bounds);
  expect(outbox.dueAtMs).toBe(undefined);
  outbox.line(line('a'), 100);
  outbox.line(line('b'), 103);
  expect(outbox.dueAtMs).toBe(105);
});

test('a full report is closed by itself, by entries and by bytes', () => {
  const outbox = new Outbox(bounds);
  for (const unit of units(5)) outbox.returned(unit, 0);
  expect(seqs(outbox)).toEqual([1]);
  outbox.line(line('x'.repeat(2_000)), 0);
  expect(seqs(outbox)).toEqual([2]);
});

test('reports are kept until they are acknowledged, and repeated in order on a new connection', () => {
  const outbox = new Outbox({ ...bounds, batchUnits: 1 });
  for (const unit of units(3)) outbox.returned(unit, 0);
  expect(seqs(outbox)).toEqual([1, 2, 3]);
  outbox.acknowledge(1);
  outbox.resend(0);
  expect(seqs(outbox)).toEqual([2, 3]);
  outbox.resend(2);
  expect(seqs(outbox)).toEqual([3]);
  outbox.acknowledge(3);
  expect(outbox.isEmpty).toBe(true);
});

test('what is sealed after a report was sent goes once', () => {
  const outbox = new Outbox({ ...bounds, batchUnits: 1 });
  const [a, b] = units(2);
  outbox.returned(a!, 0);
  expect(seqs(outbox)).toEqual([1]);
  outbox.returned(b!, 0);
  outbox.acknowledge(1);
  expect(seqs(outbox)).toEqual([2]);
});

test('finished units are those that no acknowledgement covers, sent or not', () => {
  const outbox = new Outbox(bounds);
  const [a, b] = units(2);
  outbox.succeeded(a!, 0, 0, '', 0);
  outbox.seal();
  seqs(outbox);
  outbox.failed(b!, 0, 0, { cause: 'exit', message: '', exitCode: 1 }, false, 0);
  expect([...outbox.finished()]).toEqual([
    { lease: a!.lease, seq: 1 },
    { lease: b!.lease, seq: 2 },
  ]);
  outbox.acknowledge(1);
  expect([...outbox.finished()]).toEqual([{ lease: b!.lease, seq: 2 }]);
});

test('log lines are counted until they are committed', () => {
  const outbox = new Outbox(bounds);
  outbox.line(line('a'), 0);
  outbox.seal();
  outbox.line(line('b'), 0);
  expect(outbox.lines).toBe(2);
  outbox.acknowledge(1);
  expect(outbox.lines).toBe(1);
});
