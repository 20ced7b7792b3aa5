// What the measurements run: units that do nothing, that sleep, and a single task.
import { command, flag, iterateOn, mapTask, task } from 'outflow';
import { z } from 'zod';

const Numbers = task({
  name: 'Numbers',
  args: { count: z.int() },
  outputs: { numbers: z.array(z.int()) },
  run: (_inputs, { args }) => Array.from({ length: args.count }, (_, i) => i),
});

const NoOp = task({
  name: 'NoOp',
  inputs: { number: iterateOn('numbers', z.int()) },
  outputs: { same: z.int() },
  run: ({ number }) => number,
});

const Sleep = task({
  name: 'Sleep',
  args: { seconds: z.number() },
  inputs: { number: iterateOn('numbers', z.int()) },
  run: (_inputs, { args }) => new Promise<void>((resolve) => setTimeout(resolve, args.seconds * 1000)),
});

const One = task({ name: 'One', outputs: { one: z.int() }, run: () => 1 });

const count = flag.integer({ required: true, description: 'units' });

export const noop = command({
  description: 'Units that give back what they got',
  args: { count },
  setup: () => Numbers().pipe(mapTask({ outputName: 'same_numbers' }, () => NoOp())),
});

export const sleepers = command({
  description: 'Units that sleep',
  args: { count, seconds: flag.number({ required: true, description: 'of each unit' }) },
  setup: () => Numbers().pipe(mapTask({ noOutputs: true }, () => Sleep())),
});

export const one = command({ description: 'A single task', setup: () => One() });

export const onSlurm = command({
  description: 'Units that give back what they got, in allocations that print when they started',
  args: { count },
  setup: () => Numbers().pipe(mapTask({ outputName: 'same_numbers', prologue: 'date +%s%3N' }, () => NoOp())),
});
