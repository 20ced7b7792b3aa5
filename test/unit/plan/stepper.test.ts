// The stepper: which steps become ready when, with which inputs, and what failures cut off.
import { expect, test } from 'vitest';
import type { Workflow } from '../../../src/plan/plan.ts';
import { Stepper } from '../../../src/plan/stepper.ts';
import { step, workflow } from './workflows.ts';

const stepperOf = (of: Workflow, outer: Record<string, string> = {}) => new Stepper<string>(of, outer, (text) => `bound ${text}`);
const ready = (stepper: Stepper<string>) => stepper.ready().map(({ id }) => id);

/** a → b, a → c, (b, c) → d; e on its own. */
const diamond = workflow(
  [step('a'), step('e'), step('b', { x: 'a.out' }), step('c', { x: 'a.out' }), step('d', { x: 'b.out', y: 'c.out' })],
  ['d', 'e'],
);

test('steps become ready once all before them have succeeded, each told once', () => {
  const stepper = stepperOf(diamond);
  expect(ready(stepper)).toEqual(['a', 'e']);
  expect(ready(stepper)).toEqual([]);
  stepper.succeed('a', { out: 'A' });
  expect(ready(stepper)).toEqual(['b', 'c']);
  stepper.succeed('c', { out: 'C' });
  expect(ready(stepper)).toEqual([]);
  stepper.succeed('b', { out: 'B' });
  expect(ready(stepper)).toEqual(['d']);
  expect(stepper.inputsOf('d')).toEqual({ x: 'B', y: 'C' });
  stepper.succeed('d', { out: 'D' });
  expect(stepper.isDone).toBe(false);
  stepper.succeed('e', { out: 'E' });
  expect(stepper.isDone).toBe(true);
  expect(stepper.hasSucceeded).toBe(true);
  expect(stepper.outputsOfTerminating()).toEqual([{ out: 'D' }, { out: 'E' }]);
});

test('inputs come from values bound, steps and outside; defaults and outputs not given are left out', () => {
  const stepper = stepperOf(
    workflow([step('a'), step('b', { p: '=1', q: 'a.out', r: 'outer.n', s: 'default', t: 'a.other', u: 'outer.m' })]),
    { n: 'N' },
  );
  stepper.ready();
  stepper.succeed('a', { out: 'A' });
  stepper.ready();
  expect(stepper.inputsOf('b')).toEqual({ p: 'bound 1', q: 'A', r: 'N' });
});

test('a failure cuts off what follows from it; independent branches go on', () => {
  const stepper = stepperOf(diamond);
  stepper.ready();
  stepper.succeed('a', { out: 'A' });
  stepper.ready();
  stepper.fail('b');
  expect(stepper.unreachable()).toEqual(['d']);
  stepper.succeed('c', { out: 'C' });
  expect(ready(stepper)).toEqual([]);
  stepper.succeed('e', { out: 'E' });
  expect(stepper.isDone).toBe(true);
  expect(stepper.hasSucceeded).toBe(false);
});

test('a failure at the beginning reaches to the end', () => {
  const stepper = stepperOf(diamond);
  stepper.ready();
  stepper.fail('a');
  expect(stepper.unreachable()).toEqual(['b', 'c', 'd']);
});

test('values are dropped once the last step that reads them has settled', () => {
  const stepper = stepperOf(diamond);
  stepper.ready();
  stepper.succeed('a', { out: 'A' });
  stepper.ready();
  stepper.succeed('b', { out: 'B' });
  expect(stepper.inputsOf('c')).toEqual({ x: 'A' });
  expect(stepper.held()).toEqual(['a', 'b']);
  stepper.succeed('c', { out: 'C' });
  expect(stepper.held()).toEqual(['b', 'c']);
  stepper.ready();
  stepper.succeed('d', { out: 'D' });
  expect(stepper.held()).toEqual(['d']);
});

test('outputs that nobody reads are not kept', () => {
  const stepper = stepperOf(workflow([step('a'), step('b', {}, ['a'])]));
  stepper.ready();
  stepper.succeed('a', { out: 'A' });
  expect(stepper.held()).toEqual([]);
});

/** Arguments are evaluated from left to right. */
function inTurn(..._calls: unknown[]): void {}

test.each<[string, (stepper: Stepper<string>) => void, string]>([
  [
    'a step that has not started succeeds',
    (s) => s.succeed('d', {}),
    'step d succeeds while it is waiting (after b: waiting, c: waiting)',
  ],
  [
    'a ready step succeeds that was not asked for',
    (s) => s.succeed('a', {}),
    'step a succeeds while it is ready (after nothing)',
  ],
  ['a step settles twice', (s) => inTurn(s.ready(), s.fail('a'), s.succeed('a', {})), 'step a succeeds while it is failed'],
  [
    'an unreachable step fails',
    (s) => inTurn(s.ready(), s.fail('a'), s.fail('b')),
    'step b fails while it is unreachable (after a: failed)',
  ],
  [
    'inputs of a settled step are read',
    (s) => inTurn(s.ready(), s.succeed('e', {}), s.inputsOf('e')),
    'step e has its inputs read while it is succeeded',
  ],
  [
    'outputs are asked for before the end',
    (s) => s.outputsOfTerminating(),
    'step d is asked for its outputs while it is waiting',
  ],
  ['a step is unknown', (s) => s.fail('x'), 'there is no step x'],
])('it is a bug, told with the step story, when %s', (_what, act, message) => {
  expect(() => act(stepperOf(diamond))).toThrow(message);
});
