// Programs of different versions work together, or say why not.
import { expect, test } from 'vitest';
import { ownSpoken, type Spoken, whyNotTogether } from '../../../src/rpc/compatibility.ts';

const who = { own: 'coordinator', other: 'agent' };
const spoken = (protocol: number, oldestProtocol: number, version = `0.${protocol}.0`): Spoken => ({
  protocol,
  oldestProtocol,
  version,
});

test('one that we still understand, and that still understands us', () => {
  expect(whyNotTogether(spoken(5, 3), spoken(3, 1), who)).toBeUndefined();
  expect(whyNotTogether(spoken(3, 1), spoken(5, 3), who)).toBeUndefined();
  expect(whyNotTogether(ownSpoken(), ownSpoken(), who)).toBeUndefined();
});

test('one that is too old or too new is told with versions', () => {
  expect(whyNotTogether(spoken(5, 3), spoken(2, 2), who)).toBe(
    'the agent is too old for the coordinator: the agent is outflow 0.2.0 and speaks protocol 2; the coordinator is outflow 0.5.0 and speaks protocols 3 to 5',
  );
  expect(whyNotTogether(spoken(2, 1), spoken(5, 3), who)).toMatch(/^the agent is too new for the coordinator: /);
});

test('a program from before there were numbers speaks the first', () => {
  expect(whyNotTogether(spoken(1, 1), spoken(0, 0, ''), who)).toBeUndefined();
  expect(whyNotTogether(spoken(2, 2), spoken(0, 0, ''), who)).toMatch(
    /the agent is outflow of an unknown version and speaks protocol 1;/,
  );
});
