// What the hash of a plan depends on.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { planHash } from '../../../src/plan/hash.ts';
import type { Plan } from '../../../src/plan/plan.ts';

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
