// Lists of nodes in Slurm's notation.
import { expect, test } from 'vitest';
import { hostNames } from '../../../src/plan/host-list.ts';

test.each([
  ['node1', ['node1']],
  ['node1, node3', ['node1', 'node3']],
  ['node[1-3,5],login', ['node1', 'node2', 'node3', 'node5', 'login']],
  ['n[08-11]', ['n08', 'n09', 'n10', 'n11']],
  ['r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
  ['gpu-a.site', ['gpu-a.site']],
])('%s', (text, names) => {
  expect(hostNames(text)).toEqual(names);
});

test.each(['/etc/nodes', './nodes', 'node[1-', 'node[a-b]', '', 'node[1-9999999]', 'n[1-200]m[1-200]'])(
  'what is no list is left to Slurm: %j',
  (text) => {
    expect(hostNames(text)).toBeUndefined();
  },
);
