// Definitions that cannot be: told when they are written, each in one message.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { command, flag, iterateOn, mapTask, task } from '../../../src/index.ts';
import { problem, Square } from './tasks.ts';

const run = () => undefined;
const taskOf = (spec: unknown) => () => task(spec as never);
const mapOf = (options: unknown) => () => mapTask(options as never, () => Square());
const commandOf = (spec: unknown) => () => command(spec as never);

test.each<[string, () => unknown, unknown]>([
  ['a task without a name', taskOf({ run }), problem('bad-definition', 'task() needs a name, not undefined')],
  [
    'a task with a slash in its name',
    taskOf({ name: 'a/b', run }),
    problem('bad-definition', 'task() needs a name, not "a/b"', 'begins with a letter'),
  ],
  ['a task whose name is a number', taskOf({ name: '12', run }), problem('bad-definition', 'needs a name')],
  [
    'a task without a function',
    taskOf({ name: 'T' }),
    problem('bad-definition', '`run` of task T must be a function, not undefined'),
  ],
  [
    'a misspelt option',
    taskOf({ name: 'T', run, retry: 1 }),
    problem('bad-definition', 'task() has no option `retry`', 'retries'),
  ],
  [
    'an input that is no schema',
    taskOf({ name: 'T', run, inputs: { a: 3 } }),
    problem('bad-definition', 'input of task T `a` is 3, not a schema', 'Standard Schema'),
  ],
  [
    'inputs that are one schema',
    taskOf({ name: 'T', run, inputs: z.object({}) }),
    problem('bad-definition', 'not a schema', 'write { name: schema, … }'),
  ],
  [
    'an output that is no schema',
    taskOf({ name: 'T', run, outputs: { a: String } }),
    problem('bad-definition', 'output of task T `a` is a function'),
  ],
  [
    'an input with a name of its own kind',
    taskOf({ name: 'T', run, inputs: { 'a b': z.int() } }),
    problem('bad-definition', 'cannot be named "a b"'),
  ],
  [
    'an input with a name that every object has',
    taskOf({ name: 'T', run, inputs: { constructor: z.int().optional() } }),
    problem('bad-definition', 'cannot be named "constructor"', 'every object'),
  ],
  [
    'an output with the name of what no object can hold',
    taskOf({ name: 'T', run, outputs: { ['__proto__']: z.int() } }),
    problem('bad-definition', 'cannot be named "__proto__"'),
  ],
  [
    'a timeout that is none',
    taskOf({ name: 'T', run, timeout: '5 min' }),
    problem('bad-definition', '`timeout` of task T is "5 min", not a duration', '2h30m'),
  ],
  ['a timeout of nothing', taskOf({ name: 'T', run, timeout: 0 }), problem('bad-definition', '`timeout` of task T is 0')],
  [
    'retries below zero',
    taskOf({ name: 'T', run, retries: { max: -1 } }),
    problem('bad-definition', '`retries.max` of task T must be a whole number of 0 or more, not -1'),
  ],
  [
    'a variable that is no text',
    taskOf({ name: 'T', run, env: { A: 1 } }),
    problem('bad-definition', '`env` of task T cannot set "A" to 1'),
  ],
  ['a variable with NUL', taskOf({ name: 'T', run, env: { A: 'a\0' } }), problem('bad-definition', '`env` of task T cannot set')],
  [
    'cpusPerTask of half a CPU',
    mapOf({ cpusPerTask: 0.5 }),
    problem('bad-definition', '`cpusPerTask` of map map_output must be a whole number of 1 or more, not 0.5'),
  ],
  ['cpusPerTask of 0', mapOf({ cpusPerTask: 0 }), problem('bad-definition', 'not 0')],
  [
    'memory in a unit that Slurm does not have',
    mapOf({ memPerTask: '4GB' }),
    problem('bad-definition', '`memPerTask` of map map_output is "4GB", not an amount of memory', '4G'),
  ],
  ['no memory at all', mapOf({ memPerTask: 0 }), problem('bad-definition', 'is 0, not an amount of memory')],
  [
    'half a GPU',
    mapOf({ gpusPerTask: 0.5 }),
    problem('bad-definition', '`gpusPerTask` of map map_output must be a whole number'),
  ],
  [
    'a time that is no duration',
    mapOf({ timePerTask: '1-12' }),
    problem('bad-definition', '`timePerTask` of map map_output is "1-12", not a duration', '2h30m'),
  ],
  [
    'a directive that is our own',
    mapOf({ name: 'm', sbatch: { jobName: 'x' } }),
    problem('bad-directive', '`sbatch` of map m cannot set `jobName`: outflow decides that itself', 'comment'),
  ],
  [
    'directives that are no object',
    mapOf({ sbatch: 'partition=fast' }),
    problem('bad-directive', '`sbatch` of map map_output must be an object of options of sbatch'),
  ],
  [
    'a prologue that is no text',
    mapOf({ prologue: [1] }),
    problem('bad-directive', '`prologue` of map map_output must be a text of shell or an array of them'),
  ],
  [
    'a prologue with what sbatch would not see',
    mapOf({ prologue: '#SBATCH --mem=4G' }),
    problem('bad-directive', "`prologue` of map map_output has the line '#SBATCH --mem=4G', which would do nothing", 'sbatch: {'),
  ],
  [
    'runOn of somewhere else',
    taskOf({ name: 'T', run, runOn: 'login' }),
    problem('bad-definition', '`runOn` of task T must be one of allocation, not "login"'),
  ],
  [
    'simultaneousTasks of 0',
    mapOf({ simultaneousTasks: 0, name: 'm' }),
    problem('bad-definition', '`simultaneousTasks` of map m'),
  ],
  [
    'an unknown onFailure',
    mapOf({ onFailure: 'ignore' }),
    problem('bad-definition', '`onFailure` of map map_output must be one of finish, abort, keep, not "ignore"'),
  ],
  [
    'noOutputs with a reduce',
    mapOf({ noOutputs: true, reduce: () => 1 }),
    problem('bad-definition', 'has `noOutputs` and a `reduce`'),
  ],
  ['a generator that declares nothing', mapOf({ generator: { run } }), problem('bad-definition', 'declares no `elements`')],
  [
    'a generator that iterates',
    mapOf({ generator: { inputs: { a: iterateOn('as', z.int()) }, elements: { n: z.int() }, run } }),
    problem('bad-definition', 'iterates its input `a`', 'the array itself'),
  ],
  [
    'a map without a body',
    () => mapTask({}, undefined as never),
    problem('bad-definition', 'the body of map map_output must be a function'),
  ],
  [
    'a map without options',
    () => mapTask((() => Square()) as never, undefined as never),
    problem('bad-definition', 'mapTask() takes an object of options, not a function'),
  ],
  [
    'a command without a setup',
    commandOf({}),
    problem('bad-definition', '`setup` of a command must be a function, not undefined'),
  ],
  [
    'a command whose arguments are schemas',
    commandOf({ args: { a: z.int() }, setup: run }),
    problem('bad-definition', 'argument `a` of a command is an object, not a flag', 'flag.integer()'),
  ],
  [
    'a command on an unknown backend',
    commandOf({ backend: 'cloud', setup: run }),
    problem('bad-definition', '`backend` of a command must be one of sequential, parallel, slurm, not "cloud"'),
  ],
  [
    'an argument that cannot be a flag',
    commandOf({ args: { $a: flag.boolean() }, setup: run }),
    problem('bad-definition', 'cannot be named "$a"'),
  ],
  [
    'an argument with a name that every object has',
    commandOf({ args: { toString: flag.boolean() }, setup: run }),
    problem('bad-definition', 'an argument of a command cannot be named "toString"', 'every object'),
  ],
  [
    'a flag that is required and has a default',
    () => flag.integer({ required: true, default: 1 }),
    problem('bad-definition', 'is required and has a default'),
  ],
  [
    'a default out of bounds',
    () => flag.integer({ default: 9, max: 5 }),
    problem('bad-definition', 'the default of flag.integer() must be at most 5, not 9'),
  ],
  [
    'a default that is no option',
    () => flag.option(['a'], { default: 'b' as never }),
    problem('bad-definition', 'must be one of a, not "b"'),
  ],
  ['a flag without options to choose from', () => flag.option([]), problem('bad-definition', 'an array of texts to choose from')],
])('%s is refused', (_what, define, expected) => {
  expect(define).toThrow(expected as Error);
});
