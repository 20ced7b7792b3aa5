// What the hash of a plan, and its sum, depend on.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { planHash, planSum, withoutTypes } from '../../../src/plan/hash.ts';
import type { Plan, Step } from '../../../src/plan/plan.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const plan: Plan = { version: 1, command: 'c', args: '{"a":1}', workflow: { steps: [], inputs: [], terminating: [] } };

test('it is the same for the same plan and code, whatever the order of keys and whether nothing is said or undefined', () => {
  const { workflow, args, ...rest } = plan;
  const other = { workflow, backend: undefined, args, ...rest } as Plan;
  expect(planHash(other, 'code', digest)).toBe(planHash(plan, 'code', digest));
  expect(planHash(JSON.parse(JSON.stringify(plan)), 'code', digest)).toBe(planHash(plan, 'code', digest));
});

test('it differs with the code, the arguments and the command', () => {
  const hashes = [
    planHash(plan, 'code', digest),
    planHash(plan, 'other', digest),
    planHash({ ...plan, args: '{"a":2}' }, 'code', digest),
    planHash({ ...plan, command: 'd' }, 'code', digest),
  ];
  expect(new Set(hashes).size).toBe(4);
});

test('the sum differs with each word of the plan, but for the types, and for what other keys are in it', () => {
  const step = (name: string, type?: string): Step => ({
    kind: 'map',
    id: name,
    name,
    after: [],
    inputs: [{ name: 'words', source: { kind: 'bound', value: '[1]' }, ...(type === undefined ? {} : { type }) }],
    outputs: [{ name: 'all', ...(type === undefined ? {} : { type }) }],
    body: { steps: [], inputs: [name], terminating: [] },
    elements: { kind: 'iterate', over: [{ input: 'word', array: 'words' }] },
    reduce: 'concatenate',
    cpusPerTask: 1,
    onFailure: 'finish',
  });
  const within = (...steps: Step[]): Plan => ({ ...plan, workflow: { steps, inputs: [], terminating: [] } });
  const typed = within(step('Map', 'integer'));
  expect(planSum(typed)).toBe(planSum(within(step('Map'))));
  expect(withoutTypes(typed)).toEqual(within(step('Map')));
  const others = [plan, typed, within(step('Mao')), within(step('Map'), step('Map')), { ...typed, args: '{"a":2}' }];
  expect(new Set(others.map(planSum)).size).toBe(others.length);
});

test('100,000 plans that differ in one number have as many sums', () => {
  const sums = new Set(Array.from({ length: 100_000 }, (_, a) => planSum({ ...plan, args: `{"a":${a}}` })));
  expect(sums.size).toBe(100_000);
});
