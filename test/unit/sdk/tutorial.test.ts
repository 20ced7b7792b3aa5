// The tutorial's plan, and the line that it prints.
import { expect, test, vi } from 'vitest';
import * as tutorial from '../../../examples/tutorial/pipeline.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { buildPlan, commandsOf, runUnit } from '../../../src/sdk/internal.ts';

const built = () => buildPlan('compute_data', commandsOf(tutorial)['compute_data'] as never, { multiplier: 3 });

test('the tutorial maps Compute over the data and prints what comes of it', async () => {
  const { plan, functions } = await built();
  expect(plan.workflow.steps.map(({ id, after }) => [id, after])).toEqual([
    ['GenData', []],
    ['map_computation_result', ['GenData']],
    ['PrintData', ['map_computation_result']],
  ]);
  expect(functions.get('map_computation_result/Compute')?.args).toEqual({ multiplier: 3 });
});

test('the tutorial prints its results as one line of JSON', async () => {
  const { plan, functions } = await built();
  const print = vi.spyOn(console, 'log').mockReturnValue();
  const results = [126, 129, 132, 135].map((computation_result) => [{ computation_result }]);
  await runUnit({
    step: plan.workflow.steps[2] as Step,
    functions,
    inputs: { map_computation_result: results },
    context: {} as never,
  });
  const line =
    'Result of the mapped computation: [[{"computation_result":126}],[{"computation_result":129}],[{"computation_result":132}],[{"computation_result":135}]]';
  expect(print.mock.calls).toEqual([[line]]);
  print.mockRestore();
});
