// Where two plans differ, in words; and the nearest name.
import { expect, test } from 'vitest';
import { nearest, suggestion } from '../../../src/loader/nearest.ts';
import { planDifference } from '../../../src/loader/plan-difference.ts';
import type { Plan, TaskStep } from '../../../src/plan/plan.ts';

const step = (id: string, value: string): TaskStep => ({
  kind: 'task',
  language: 'typescript',
  id,
  name: id,
  task: id,
  role: 'task',
  after: [],
  outputs: [],
  inputs: [{ name: 'word', source: { kind: 'bound', value } }],
  options: { retries: { max: 0, delayMs: 0 }, isolate: false },
});
const plan = (...steps: TaskStep[]): Plan => ({
  version: 1,
  command: 'c',
  args: '{}',
  workflow: { steps, inputs: [], terminating: steps.slice(-1).map(({ id }) => id) },
});

test('equal plans have no difference', () => {
  expect(planDifference(plan(step('A', '1')), plan(step('A', '1')))).toBeUndefined();
});

test('a value that differs is named by step and input', () => {
  expect(planDifference(plan(step('A', '0.1')), plan(step('A', '0.2')))).toBe(
    'step A, input word.source.value is "0.1" the first time and "0.2" the second',
  );
});

test('a step that comes or goes is named', () => {
  expect(planDifference(plan(step('A', '1'), step('B', '1')), plan(step('A', '1')))).toBe('step B is there the first time only');
  expect(planDifference(plan(step('A', '1')), plan(step('A', '1'), step('C', '1')))).toBe('step C is there the second time only');
});

test('the nearest name is a slip away, or there is none', () => {
  expect(nearest('compute_dta', ['print', 'compute_data'])).toBe('compute_data');
  expect(nearest('xyz', ['print', 'compute_data'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
  expect(suggestion('Print', ['print'])).toBe('did you mean print?');
  expect(suggestion('xyz', ['print', 'go_on'])).toBe('known: print, go_on');
});
