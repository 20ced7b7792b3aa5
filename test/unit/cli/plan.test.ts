// A plan as people read it: the tree, what is known before the run, which backend and why, warnings.
import { describe, expect, test } from 'vitest';
import { chooseBackend, whyText } from '../../../cli/pipeline/backend.ts';
import { clampWarnings } from '../../../cli/pipeline/clamp-warnings.ts';
import { knownUnits } from '../../../cli/plan/element-count.ts';
import { planTree } from '../../../cli/plan/render-plan.ts';
import { plain } from '../../../cli/text/style.ts';
import { mapStep, planOf, taskStep } from '../../support/plans.ts';

const list = taskStep('List', {
  outputs: [{ name: 'items', type: 'array of integer' }],
  options: { retries: { max: 2, delayMs: 0 }, isolate: true, timeoutMs: 5_000 },
});
const fixed = { name: 'items', source: { kind: 'bound' as const, value: '[1,2,3]' } };

test('the tree shows what each step takes from where, and what is mapped over what', () => {
  const work = taskStep('map/Work', {
    name: 'Work',
    task: 'Work',
    inputs: [
      { name: 'item', type: 'integer', source: { kind: 'outer', name: 'item' } },
      { name: 'scale', type: 'number', source: { kind: 'outer', name: 'scale' } },
      { name: 'unit', source: { kind: 'bound', value: '"kg"' } },
      { name: 'round', source: { kind: 'default' } },
    ],
  });
  const map = mapStep('map', 'List', {
    body: { steps: [work], inputs: ['item', 'scale'], terminating: ['map/Work'] },
    cpusPerTask: 2,
    simultaneousTasks: 4,
    onFailure: 'keep',
  });
  expect(planTree(planOf(list, map), plain)).toEqual([
    '├─ List  timeout 5 s · 2 retries · a fresh host a unit',
    '│     gives  items  array of integer',
    '└─ map  map over items · units known after List · 2 CPUs a unit · at most 4 at once · keeps failures as data',
    '      takes  items      from List',
    '      gives  results',
    '   └─ Work',
    '         takes  item   integer  each element of items',
    '         takes  scale  number   scale, the same for all elements',
    '         takes  unit            = "kg"',
    '         takes  round           its default',
  ]);
});

describe('what is known before the run', () => {
  test('the units of tasks, and of maps over arrays that are fixed', () => {
    const map = mapStep('map', 'List', { after: [], inputs: [fixed] });
    expect(knownUnits(planOf(list, map))).toEqual({ known: 4, unknown: [] });
  });

  test('not those of a map over what a step gives', () => {
    expect(knownUnits(planOf(list, mapStep('map', 'List')))).toEqual({ known: 1, unknown: [{ step: 'map', after: 'List' }] });
  });
});

test('flag, command, config and default decide on the backend in that order', () => {
  expect(chooseBackend({ flag: 'parallel', command: 'slurm', config: 'sequential' })).toEqual({
    backend: 'parallel',
    why: 'flag',
  });
  expect(chooseBackend({ command: 'slurm', config: 'parallel' })).toEqual({ backend: 'slurm', why: 'command' });
  expect(chooseBackend({ config: 'default' })).toEqual({ backend: 'sequential', why: 'config' });
  expect(whyText(chooseBackend({}))).toBe('the default');
  expect(() => chooseBackend({ config: 'cloud' })).toThrow('there is no backend cloud');
});

test('a unit that asks for more CPUs than there are is warned of', () => {
  const plan = planOf(list, mapStep('map', 'List', { cpusPerTask: 8 }));
  expect(clampWarnings(plan, 8)).toEqual([]);
  expect(clampWarnings(plan, 2)).toEqual(['map asks for 8 CPUs a unit, and there are 2 here: its units get 2 each']);
});
