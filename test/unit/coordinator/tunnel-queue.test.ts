// Whoever may need two connections never waits for ever, whatever the order of requests.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TunnelQueue } from '../../../src/coordinator/tunnel-queue.ts';

function letIn(queue: TunnelQueue<string>): string[] {
  const names: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) names.push(next);
  return names;
}

test('the last free connection is kept for one who holds some already', () => {
  const queue = new TunnelQueue<string>(3, 2);
  for (const host of ['a', 'b', 'c']) queue.add(host, `${host}1`);
  expect(letIn(queue)).toEqual(['a1', 'b1']);
  queue.add('b', 'b2');
  expect(letIn(queue)).toEqual(['b2']);
  queue.give('b');
  queue.give('b');
  expect(letIn(queue)).toEqual(['c1']);
});

test('what has gone while it waited is not let in', () => {
  const queue = new TunnelQueue<string>(2, 2);
  queue.add('a', 'a1');
  queue.remove('a1');
  expect(queue.next()).toBeUndefined();
});

test('one holder may have all that it may need, even where fewer are allowed', () => {
  const queue = new TunnelQueue<string>(1, 2);
  queue.add('a', 'a1');
  queue.add('a', 'a2');
  expect(letIn(queue)).toEqual(['a1', 'a2']);
});

test('everyone gets both connections in the end, and never more than are allowed are used', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 1, max: 20 }),
      fc.infiniteStream(fc.nat(1000)),
      (most, hosts, picks) => {
        const queue = new TunnelQueue<string>(most, 2);
        const held = new Map<string, number>();
        const pick = (size: number): number => (picks.next().value as number) % size;
        for (let host = 0; host < hosts; host++) queue.add(`h${host}`, `h${host}`);
        let finished = 0;
        for (let round = 0; finished < hosts; round++) {
          expect(round).toBeLessThan(10 * hosts + 10);
          const before = queue.waiting;
          // Whoever gets its first asks for its second, and gives nothing back before it has that.
          const admitted = letIn(queue);
          for (const host of admitted) {
            held.set(host, (held.get(host) ?? 0) + 1);
            if (held.get(host) === 1) queue.add(host, host);
          }
          expect(queue.used).toBeLessThanOrEqual(most);
          const complete = [...held].filter(([, count]) => count === 2).map(([host]) => host);
          expect(admitted.length + complete.length, `stuck with ${before} waiting`).toBeGreaterThan(0);
          if (complete.length === 0) continue;
          const done = complete[pick(complete.length)] as string;
          queue.give(done);
          queue.give(done);
          held.delete(done);
          finished += 1;
        }
      },
    ),
  );
});
