// Workflows that cannot be: each gets one message that says what, where and what to do.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyChain, command, flag, iterateOn, join, mapTask, task } from '../../../src/index.ts';
import { buildPlan, commandsOf } from '../../../src/sdk/internal.ts';
import { Numbers, planOf, planWithFactor, problem, Scale, Show, Square, Sum, Words } from './tasks.ts';

const Loose = task({ name: 'Loose', inputs: { sum: z.int(), what: z.string() }, outputs: { sum: z.int() }, run: () => 1 });

const wrong: [string, () => unknown, unknown][] = [
  [
    'an input that nobody gives',
    () => join(Numbers(), Words()).pipe(Loose()),
    problem(
      'missing-input',
      'step Loose lacks the inputs `sum` (integer), `what` (string): piped into it: Numbers (numbers), Words (words)',
      'bind a value',
    ),
  ],
  [
    'an input that only a task further up gives',
    () => Sum({ numbers: [] }).pipe(Words()).pipe(Show()),
    problem('missing-input', 'step Show lacks the input `sum`', 'Sum gives `sum` but is not piped directly'),
  ],
  [
    'an iterated input outside of a map',
    () => Numbers().pipe(Square()),
    problem('missing-input', 'step Square lacks the input `n`', 'put its task into a mapTask'),
  ],
  [
    'a map without its array',
    () => Words().pipe(mapTask({}, () => Square())),
    problem('missing-input', /map map_output.* lacks the input `numbers` \(array of integer\): piped into it: Words \(words\)/),
  ],
  [
    'a missing input within a map',
    () => Numbers().pipe(mapTask({}, () => join(Square(), Show()))),
    problem(
      'missing-input',
      'step map_output/Show lacks the input `sum` (integer): nothing is piped into it; the map around it offers n, numbers',
    ),
  ],
  [
    'a map without an iterated input',
    () => Sum({ numbers: [] }).pipe(mapTask({ name: 'idle' }, () => Show())),
    problem('no-iterated-input', 'map idle has nothing to iterate', 'iterateOn('),
  ],
  [
    'a generator function for a body that iterates nothing',
    () => mapTask({ generator: () => [{ sum: 1 }] }, () => Show()),
    problem('no-iterated-input', 'map map_output has nothing to iterate', 'elements'),
  ],
  [
    'a generator that leaves out an iterated input',
    () => mapTask({ generator: { elements: { m: z.int() }, run: () => [] } } as never, () => Square()),
    problem('missing-input', 'the generator of map map_output does not give the iterated input `n`', 'hold m'),
  ],
  [
    'a circle',
    () => {
      const [a, b, c] = [Loose({ what: '' }), Loose({ what: '' }), Show()];
      return [a.pipe(b).pipe(a), c];
    },
    problem('cycle', 'pipes tasks in a circle: Loose → Loose → Loose'),
  ],
  [
    'a task that is created and not returned',
    () => {
      const numbers = Numbers();
      numbers.pipe(Sum());
      return numbers;
    },
    problem(
      'unreachable-task',
      'setup of command tested creates an instance of Sum that is not part of what it returns',
      'immutable',
    ),
  ],
  [
    'a task that is created in a map and not returned',
    () =>
      Numbers().pipe(
        mapTask({}, () => {
          Words();
          return Square();
        }),
      ),
    problem('unreachable-task', 'the body of map map_output creates an instance of Words'),
  ],
  [
    'equal outputs in a join',
    () => join(Sum({ numbers: [] }), Loose({ sum: 1, what: '' }) as AnyChain),
    problem('duplicate-output', '`sum`'),
  ],
  [
    'equal outputs piped into one task',
    () => {
      const show = Show();
      return [Sum({ numbers: [] }).pipe(show), Sum({ numbers: [] }).pipe(show)];
    },
    problem('duplicate-output', 'Sum and Sum-2, both piped into step Show, give an output named `sum`'),
  ],
  [
    'two definitions of one name',
    () => [Show({ sum: 1 }), task({ name: 'Show', run: () => undefined })()],
    problem('duplicate-name', 'two different tasks of command tested are named Show'),
  ],
  [
    'two definitions of one name, one within a map',
    () => [Show({ sum: 1 }), Numbers().pipe(mapTask({}, () => [Square(), task({ name: 'Show', run: () => undefined })()]))],
    problem('duplicate-name', 'named Show'),
  ],
  [
    'resources of a map within a map',
    () => Numbers().pipe(mapTask({}, () => [Square(), mapTask({ name: 'inner', cpusPerTask: 2 }, () => Square())])),
    problem('nested-resources', 'map map_output/inner is within another map and sets `cpusPerTask`', 'outermost'),
  ],
  [
    'one input iterated over two arrays',
    () =>
      mapTask({}, () => [Square(), task({ name: 'Other', inputs: { n: iterateOn('others', z.int()) }, run: () => undefined })()]),
    problem('bad-definition', 'iterate the input `n` over two arrays, `numbers` and `others`'),
  ],
  [
    'two values of one variable in a unit',
    () => {
      const withValue = (name: string, env: Record<string, string>) =>
        task({ name, inputs: { n: iterateOn('numbers', z.int()) }, env, run: () => undefined })();
      return Numbers().pipe(mapTask({}, () => [withValue('A', { X: '1' }), withValue('B', { X: '2' })]));
    },
    problem('bad-definition', 'set the environment variable X to different values'),
  ],
  [
    'a bound value that cannot be passed on',
    () => task({ name: 'T', inputs: { f: z.unknown() }, run: () => undefined })({ f: () => 1 }),
    problem('bad-definition', 'the value bound to input `f` of step T: a function'),
  ],
  [
    'a bound value of another type',
    () => Show({ sum: 'x' } as never),
    problem('bad-definition', 'the value bound to input `sum` of step Show does not fit its schema'),
  ],
  [
    'an unknown input to bind',
    () => Show({ summ: 1 } as never),
    problem('bad-definition', 'task Show has no input `summ` to bind', 'sum'),
  ],
  [
    'a setup that returns nothing',
    () => undefined,
    problem('bad-definition', 'setup of command tested returned undefined', 'return the terminating instance'),
  ],
  ['a setup that returns an empty array', () => [], problem('bad-definition', 'returned an empty array')],
  [
    'a setup that returns a task and not an instance',
    () => Numbers,
    problem('bad-definition', 'was given the task Numbers itself', 'call it: Numbers()'),
  ],
  [
    'a task piped that was not called',
    () => Numbers().pipe(Sum as never),
    problem('bad-definition', 'pipe() was given the task Sum itself'),
  ],
  ['something else piped', () => Numbers().pipe({} as never), problem('bad-definition', 'pipe() was given an object')],
  [
    'a map of something else',
    () => mapTask({}, (() => 3) as never),
    problem('bad-definition', 'the body of map map_output was given 3'),
  ],
  [
    'an argument that the command lacks',
    () => Scale({ n: 1 }),
    problem('bad-definition', 'task Scale reads the argument `factor`, which command tested does not declare', 'flag.'),
  ],
];

test.each(wrong)('%s is an error', async (_what, setup, expected) => {
  await expect(planOf(setup)).rejects.toEqual(expected);
});

test.each([
  { memPerTask: '1G' },
  { gpusPerTask: 1 },
  { timePerTask: 60 },
  { sbatch: { mem: '1G' } },
  { prologue: 'true' },
] as const)('a map within a map that sets %j is an error', async (options) => {
  await expect(
    planOf(() => Numbers().pipe(mapTask({}, () => [Square(), mapTask({ name: 'inner', ...options }, () => Square())]))),
  ).rejects.toEqual(
    problem(
      'nested-resources',
      `map map_output/inner is within another map and sets \`${Object.keys(options)[0]}\``,
      'outermost',
    ),
  );
});

test('an argument that does not suit a task is an error at plan time', async () => {
  const Strict = task({ name: 'Strict', args: { factor: z.int().max(5) }, run: () => undefined });
  await expect(planWithFactor(() => Strict(), 6)).rejects.toEqual(
    problem('bad-argument', 'argument factor does not suit task Strict: '),
  );
});

test('what a setup throws is told as its own error', async () => {
  const cause = new TypeError('no such thing');
  const error: Error = await planOf(() => {
    throw cause;
  }).catch((thrown) => thrown);
  expect(error).toEqual(problem('setup-throws', 'setup of command tested threw: no such thing'));
  expect(error.cause).toBe(cause);
});

test('a setup that failed leaves nothing behind', async () => {
  await planOf(() => {
    Numbers();
    throw new Error('x');
  }).catch(() => undefined);
  await expect(planOf(() => Words())).resolves.toBeDefined();
});

const Args = command({
  args: {
    count: flag.integer({ required: true, min: 1, max: 5 }),
    mode: flag.option(['fast', 'exact'], { default: 'fast' }),
    files: flag.string({ multiple: true }),
    force: flag.boolean(),
    ratio: flag.number(),
  },
  setup: () => Numbers(),
});
const definition = commandsOf({ Args: { ...Args } })['Args'] as never;

test.each([
  [{}, 'missing-argument', 'command args needs the argument --count'],
  [{ count: 1.5 }, 'bad-argument', 'argument --count of command args must be a whole number, not 1.5'],
  [{ count: 0 }, 'bad-argument', 'must be at least 1, not 0'],
  [{ count: 6 }, 'bad-argument', 'must be at most 5, not 6'],
  [{ count: 1, mode: 'slow' }, 'bad-argument', 'must be one of fast, exact, not "slow"'],
  [{ count: 1, files: 'x' }, 'bad-argument', 'must be an array'],
  [{ count: 1, files: [1] }, 'bad-argument', 'must be a text, not 1'],
  [{ count: 1, ratio: Number.NaN }, 'bad-argument', 'must be a number, not NaN'],
  [{ count: 1, other: 1 }, 'bad-argument', 'command args has no argument `other`'],
])('the arguments %j are refused', async (args, code, message) => {
  await expect(buildPlan('args', { ...(definition as object), args: withoutReserved() } as never, args)).rejects.toEqual(
    problem(code, message),
  );
});

function withoutReserved(): object {
  const { force: _force, ...args } = (definition as { args: Record<string, unknown> }).args;
  return args;
}

test('an argument named like one of our own flags is refused', async () => {
  await expect(buildPlan('args', definition, { count: 1 })).rejects.toEqual(
    problem('reserved-name', 'argument `force` of command args'),
  );
});
