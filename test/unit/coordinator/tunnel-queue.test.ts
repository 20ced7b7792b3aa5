// Whoever has a connection can have all that it may need, whatever it waits for and in whatever order others ask.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TunnelQueue } from '../../../src/coordinator/tunnels/queue.ts';

function letIn(queue: TunnelQueue<string>): string[] {
  const names: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) names.push(next);
  return names;
}

test('the second connection of one who has a first is kept for it', () => {
  const queue = new TunnelQueue<string>(5, 2);
  for (const host of ['a', 'b', 'c']) queue.add(host, `${host}1`);
  expect(letIn(queue)).toEqual(['a1', 'b1']);
  queue.add('b', 'b2');
  queue.add('b', 'b3');
  expect(letIn(queue)).toEqual(['b2']);
  queue.give('b');
  expect(letIn(queue)).toEqual(['b3']);
  queue.give('a');
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

test('everyone gets both connections in the end, though those who have some wait for one of them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 1, max: 20 }),
      fc.infiniteStream(fc.nat(1000)),
      (most, hosts, picks) => {
        const queue = new TunnelQueue<string>(most, 2);
        const held = new Map<string, number>();
        for (let host = 0; host < hosts; host++) queue.add(`h${host}`, `h${host}`);
        const advance = (): void => {
          // Whoever gets its first asks for its second, and gives nothing back before it has that.
          for (let admitted = letIn(queue); admitted.length > 0; admitted = letIn(queue)) {
            for (const host of admitted) {
              held.set(host, (held.get(host) ?? 0) + 1);
              if (held.get(host) === 1) queue.add(host, host);
            }
            expect(queue.used).toBeLessThanOrEqual(most);
          }
        };
        for (let finished = 0; finished < hosts; finished++) {
          advance();
          // A lock that all the others want may be held by any that has a connection: that one must be able to go on.
          const all = [...held.keys()];
          const owner = all[(picks.next().value as number) % all.length] as string;
          expect(held.get(owner)).toBe(2);
          queue.give(owner);
          queue.give(owner);
          held.delete(owner);
        }
        expect(queue.used + queue.waiting).toBe(0);
      },
    ),
  );
});
