// What passes between an agent and its hosts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutBytes } from '../../../agent/text.ts';
import { decodeResults, decodeUnits, encodeResults, encodeUnits } from '../../../agent/wire/columns.ts';
import { FRAME, FrameReader, HEADER_BYTES, textFrame } from '../../../agent/wire/frames.ts';
import { Pulse } from '../../../agent/wire/pulse.ts';

const text = fc.string({ unit: 'binary' }).map((it) => it.toWellFormed());
const u32 = fc.nat({ max: 0xffffffff });

test('units come out as they went in', () => {
  fc.assert(
    fc.property(u32, u32, fc.array(fc.tuple(u32, u32, text)), (step, firstK, units) => {
      const columns = {
        step,
        firstK,
        index: units.map(([it]) => it),
        attempt: units.map(([, it]) => it),
        element: units.map(([, , it]) => it),
      };
      expect(decodeUnits(encodeUnits(columns).subarray(HEADER_BYTES))).toEqual(columns);
    }),
  );
});

test('results come out as they went in', () => {
  const float = fc.float({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(u32, fc.double({ noNaN: true }), float, text)), (units) => {
      const columns = {
        k: units.map(([it]) => it),
        startedAtMs: units.map(([, it]) => it),
        durationMs: units.map(([, , it]) => it),
        output: units.map(([, , , it]) => it),
      };
      expect(decodeResults(encodeResults(columns).subarray(HEADER_BYTES))).toEqual(columns);
    }),
  );
});

test('frames are found however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (texts, cuts) => {
      const bytes = Buffer.concat(texts.map((it) => textFrame(it)));
      const reader = new FrameReader();
      const seen: unknown[] = [];
      for (let from = 0, i = 0; from < bytes.length; i++) {
        const to = from + (cuts[i % cuts.length] as number);
        for (const frame of reader.push(bytes.subarray(from, to))) {
          expect(frame.kind).toBe(FRAME.text);
          seen.push(JSON.parse(frame.payload.toString('utf8')));
        }
        from = to;
      }
      expect(seen).toEqual(texts);
    }),
  );
});

test('a pulse tells the unit that has begun last, and which may begin', () => {
  const pulse = Pulse.create(import.meta.dirname);
  const other = new Pulse(pulse.fd); // as the host has it: the same file
  expect(pulse.lastBegun()).toBe(0);
  other.begin(7);
  expect(pulse.lastBegun()).toBe(7);
  expect(other.mayBegin(8)).toBe(true);
  pulse.limit(7);
  expect(other.mayBegin(7)).toBe(true);
  expect(other.mayBegin(8)).toBe(false);
  pulse.allowAll();
  expect(other.mayBegin(8)).toBe(true);
  pulse.close();
});

test('a cut text is within its bytes, and ends in whole characters', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 60 }), (it, bytes) => {
      const cut = cutBytes(it, bytes);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(Math.max(bytes, 0));
      if (cut !== it) expect(it.startsWith(cut.slice(0, -1).replace(/\uFFFD+$/, ''))).toBe(true);
    }),
  );
});
