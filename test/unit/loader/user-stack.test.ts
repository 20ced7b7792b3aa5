// Which frames of a stack are the user's.
import path from 'node:path';
import { expect, test } from 'vitest';
import { userFrame, userStack } from '../../../src/loader/user-stack.ts';

const program = path.resolve(import.meta.dirname, '..', '..', '..');
const withStack = (...frames: string[]): Error => Object.assign(new Error('x'), { stack: ['Error: x', ...frames].join('\n') });

test('frames of Node, of outflow and of its parts in the bundle are left out', () => {
  const error = withStack(
    `    at parse (file:///home/u/.cache/outflow/bundles/0/outflow-bundle.mjs:3:40)`,
    '    at new Point (/home/u/my pipeline/lib/a.ts:3:5)',
    '    at async Promise.all (index 0)',
    '    at async setup (file:///home/u/my%20pipeline/pipeline.ts:10:7)',
    '    at file:///home/u/my%20pipeline/pipeline.ts:12:1',
    `    at runTask (${program}/src/sdk/run-task.ts:5:5)`,
    `    at ${program}/dist/outflow.cjs:1:100`,
    '    at node:internal/process/task_queues:91:21',
    '    at Array.map (<anonymous>)',
  );
  expect(userStack(error)).toBe(
    [
      '    at new Point (/home/u/my pipeline/lib/a.ts:3:5)',
      '    at async setup (/home/u/my pipeline/pipeline.ts:10:7)',
      '    at /home/u/my pipeline/pipeline.ts:12:1',
    ].join('\n'),
  );
  expect(userStack(error, 1)).toBe('    at new Point (/home/u/my pipeline/lib/a.ts:3:5)');
  expect(userFrame(error)).toEqual({ file: '/home/u/my pipeline/lib/a.ts', line: 3, column: 5 });
});

test("the place is in the user's own files rather than in a package of theirs", () => {
  const error = withStack('    at f (/home/u/p/node_modules/a/i.js:1:1)', '    at g (/home/u/p/pipeline.ts:2:2)');
  expect(userFrame(error)?.file).toBe('/home/u/p/pipeline.ts');
  expect(userFrame(withStack('    at f (/home/u/p/node_modules/a/i.js:1:1)'))?.file).toBe('/home/u/p/node_modules/a/i.js');
});

test('the stacks of causes follow, each after the line that names it; one without frames of the user is left out', () => {
  const error = withStack(
    '    at a (/p/a.ts:1:1)',
    'caused by Error: b',
    '    at b (/p/b.ts:2:2)',
    'caused by c',
    '    at c (node:net:1:1)',
  );
  expect(userStack(error)).toBe('    at a (/p/a.ts:1:1)\n  caused by Error: b\n    at b (/p/b.ts:2:2)');
  expect(userFrame(error)?.file).toBe('/p/a.ts');
});

test('what has no stack has no place', () => {
  for (const thrown of [undefined, null, 'text', { stack: 3 }, withStack()]) {
    expect(userFrame(thrown)).toBeUndefined();
    expect(userStack(thrown)).toBe('');
  }
});
