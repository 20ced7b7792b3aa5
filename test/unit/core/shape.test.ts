// What is asked of Slurm for units of one kind.
import { describe, expect, test } from 'vitest';
import { type ShapeAnswer, type ShapeRequest, shapeFor } from '../../../src/core/shape.ts';
import type { Directive, NodeFacts, PartitionFacts, UnitNeeds } from '../../../src/plan/slurm.ts';
import { node, partition } from '../../support/site.ts';

const needs = (of: Partial<UnitNeeds> = {}): UnitNeeds => ({ cpus: 1, memoryMib: 0, gpus: 0, timeMs: 0, ...of });
const said = (directives: Record<string, Directive['value']>): Directive[] =>
  Object.entries(directives).map(([name, value]) => ({ name, value, source: 'pipeline' }));

function ask(
  request: Omit<Partial<ShapeRequest>, 'directives' | 'needs'> & {
    needs?: Partial<UnitNeeds>;
    directives?: Record<string, Directive['value']>;
    nodes?: NodeFacts[];
    partitions?: PartitionFacts[];
  } = {},
): ShapeAnswer {
  return shapeFor({
    site: {
      nodes: request.nodes ?? [node('n1'), node('n2')],
      partitions: request.partitions ?? [partition('debug')],
      maxArraySize: 1001,
    },
    unitsLeft: request.unitsLeft ?? 1_000,
    nodesPerAllocation: request.nodesPerAllocation ?? 1,
    sizeStep: request.sizeStep ?? 0,
    needs: needs(request.needs),
    directives: said(request.directives ?? {}),
  });
}

function shape(answer: ShapeAnswer): Extract<ShapeAnswer, { kind: 'shape' }> {
  if (answer.kind === 'impossible') throw new Error(answer.message);
  return answer;
}

test('as many units as fit the node, by CPUs', () => {
  expect(shape(ask({ needs: { cpus: 2 }, unitsLeft: 100 }))).toEqual({
    kind: 'shape',
    shape: {
      cpus: 8,
      memoryMib: null,
      gpus: 0,
      nodes: 1,
      unitsPerNode: 4,
      why: '4 units of 2 CPUs fit the most common node of debug (8 CPUs, 16000 MiB)',
    },
    array: 25,
    warnings: [],
  });
});

test('by memory, with some for the agent where the node has it', () => {
  expect(shape(ask({ needs: { memoryMib: 5_000 } })).shape).toMatchObject({ unitsPerNode: 3, cpus: 3, memoryMib: 15_256 });
  expect(shape(ask({ needs: { memoryMib: 8_000 } })).shape).toMatchObject({ unitsPerNode: 2, memoryMib: 16_000 });
});

test('by GPUs, on nodes that have them', () => {
  const nodes = [node('n1'), node('n2'), node('g1', { gpus: 4 })];
  expect(shape(ask({ nodes, needs: { gpus: 2 } })).shape).toMatchObject({ unitsPerNode: 2, cpus: 2, gpus: 4 });
});

test('memory that no one has configured bounds nothing', () => {
  expect(shape(ask({ nodes: [node('n1', { memoryMib: 1 })], needs: { memoryMib: 5_000 } })).shape).toMatchObject({
    unitsPerNode: 8,
    memoryMib: null,
  });
});

describe('the node that counts', () => {
  const large = { cpus: 64, memoryMib: 256_000 };

  test('is the most common one', () => {
    expect(shape(ask({ nodes: [node('big', large), node('n1'), node('n2')] })).shape.cpus).toBe(8);
  });

  test('is one that a unit fits', () => {
    const answer = shape(ask({ nodes: [node('big', large), node('n1'), node('n2')], needs: { cpus: 16 } }));
    expect(answer.shape).toMatchObject({ cpus: 32, unitsPerNode: 2 });
  });

  test('is the larger one of two that are as common', () => {
    expect(shape(ask({ nodes: [node('n1', { cpus: 4 }), node('n2')] })).shape.cpus).toBe(8);
  });

  test('is in the partition asked for, or in the default one', () => {
    const nodes = [node('n1'), node('fast1', { cpus: 16, partitions: ['fast'] })];
    const partitions = [partition('debug'), partition('fast')];
    expect(shape(ask({ nodes, partitions })).shape.cpus).toBe(8);
    expect(shape(ask({ nodes, partitions, directives: { partition: 'fast' } })).shape.cpus).toBe(16);
    expect(shape(ask({ nodes, partitions, directives: { partition: 'debug,fast' } })).shape.cpus).toBe(16);
  });

  test.each([
    ['knl', 16],
    ['knl&big', 4],
    ['gpu|big', 4],
    ['none', 8],
    ['[rack1|rack2]', 8],
  ])('has the features of %s', (constraint, cpus) => {
    const nodes = [
      ...['a', 'b', 'c'].map((name) => node(name)),
      ...['d', 'e'].map((name) => node(name, { cpus: 16, features: ['knl'] })),
      node('f', { cpus: 4, features: ['knl', 'big'] }),
    ];
    expect(shape(ask({ nodes, directives: { constraint } })).shape.cpus).toBe(cpus);
  });

  test('takes jobs, unless none does', () => {
    const down = ['n1', 'n2'].map((name) => node(name, { cpus: 16, state: 'drained' }));
    expect(shape(ask({ nodes: [...down, node('n3', { state: 'allocated' })] })).shape.cpus).toBe(8);
    expect(shape(ask({ nodes: down }))).toMatchObject({
      shape: { cpus: 16 },
      warnings: ['no node of partition debug takes jobs at present: n1 is drained'],
    });
  });
});

test('an unknown partition is left to Slurm, with a warning', () => {
  expect(shape(ask({ directives: { partition: 'nope' } })).warnings).toEqual(['Slurm shows no partition nope; it has debug']);
});

describe('no more than the work needs', () => {
  test('fewer units than fit: a smaller allocation', () => {
    expect(shape(ask({ unitsLeft: 3 }))).toMatchObject({ shape: { cpus: 3, unitsPerNode: 3 }, array: 1 });
  });

  test('what is left is spread evenly', () => {
    expect(shape(ask({ unitsLeft: 9 }))).toMatchObject({ shape: { cpus: 5, unitsPerNode: 5 }, array: 2 });
  });

  test('of several nodes an allocation too', () => {
    expect(shape(ask({ unitsLeft: 40, nodesPerAllocation: 2, nodes: ['a', 'b', 'c'].map((name) => node(name)) }))).toMatchObject({
      shape: { nodes: 2 },
      array: 3,
    });
    expect(shape(ask({ unitsLeft: 8, nodesPerAllocation: 4 }))).toMatchObject({ shape: { nodes: 1 }, array: 1 });
  });

  test('never more nodes than the partition lets one job have', () => {
    const partitions = [partition('debug', { maxNodes: 1 })];
    expect(shape(ask({ nodesPerAllocation: 2, partitions })).shape.nodes).toBe(1);
  });
});

describe('large nodes', () => {
  const nodes = [node('n1', { cpus: 128 })];

  test('are not asked for beyond 32 CPUs', () => {
    expect(shape(ask({ nodes })).shape).toMatchObject({ cpus: 32, unitsPerNode: 32 });
    expect(shape(ask({ nodes, needs: { cpus: 5 } })).shape).toMatchObject({ cpus: 30, unitsPerNode: 6 });
    expect(shape(ask({ nodes, needs: { cpus: 48 } })).shape).toMatchObject({ cpus: 48, unitsPerNode: 1 });
  });

  test('are used whole with exclusive', () => {
    expect(shape(ask({ nodes, directives: { exclusive: true } })).shape).toMatchObject({ cpus: 128, unitsPerNode: 128 });
  });
});

test('with 2 threads a core, units of 2 or more CPUs never share one', () => {
  const nodes = [node('n1', { threadsPerCore: 2 })];
  expect(shape(ask({ nodes, needs: { cpus: 3 } })).shape).toMatchObject({ cpus: 8, unitsPerNode: 2 });
  expect(shape(ask({ nodes, needs: { cpus: 1 } })).shape).toMatchObject({ cpus: 8, unitsPerNode: 8 });
});

describe('directives of the user bound it', () => {
  test('mem, with a warning where its units need more', () => {
    expect(shape(ask({ needs: { memoryMib: 2_048 }, directives: { mem: '4G' } }))).toMatchObject({
      shape: { unitsPerNode: 2, cpus: 2, memoryMib: 4_096 },
      warnings: ['mem=4G is less than its units need: 2 of 2G at once instead of 8'],
    });
  });

  test('mem=0 is all of the node', () => {
    expect(shape(ask({ needs: { memoryMib: 2_048 }, directives: { mem: 0 } })).shape).toMatchObject({
      unitsPerNode: 7,
      memoryMib: 16_000,
    });
  });

  test('mem-per-cpu: memory costs CPUs', () => {
    expect(shape(ask({ needs: { memoryMib: 2_048 }, directives: { 'mem-per-cpu': '1G' } }))).toMatchObject({
      shape: { unitsPerNode: 4, cpus: 8, memoryMib: 8_192 },
      warnings: ['mem-per-cpu=1G is less than its units need: each takes 2 CPUs for its 2G'],
    });
  });

  test('cpus-per-task is what is asked for', () => {
    expect(shape(ask({ needs: { cpus: 2 }, unitsLeft: 1, directives: { 'cpus-per-task': 6 } })).shape).toMatchObject({
      cpus: 6,
      unitsPerNode: 3,
    });
  });

  test.each([
    [{ gres: 'gpu:2' }, 2],
    [{ gres: 'gpu:a100:2,license:1' }, 2],
    [{ 'gpus-per-node': 'a100:2' }, 2],
    [{ gpus: 2 }, 2],
    [{ gres: 'gpu' }, 1],
  ])('GPUs: %o', (directives, gpus) => {
    const nodes = [node('n1'), node('n2'), node('g1', { gpus: 4 })];
    expect(shape(ask({ nodes, needs: { gpus: 1 }, directives: directives as Record<string, string> })).shape).toMatchObject({
      gpus,
      unitsPerNode: gpus,
    });
  });
});

test('each refusal of the size halves the units of a node, down to one', () => {
  const units = [0, 1, 2, 3, 4].map((sizeStep) => shape(ask({ sizeStep })).shape.unitsPerNode);
  expect(units).toEqual([8, 4, 2, 1, 1]);
});

describe('what a job may have of a node', () => {
  test('is bounded by its partition', () => {
    const partitions = [partition('debug', { maxCpusPerNode: 3, maxMemPerNodeMib: 4_000 })];
    expect(shape(ask({ partitions })).shape).toMatchObject({ cpus: 3, unitsPerNode: 3 });
    expect(shape(ask({ partitions, needs: { memoryMib: 2_000 } })).shape).toMatchObject({ unitsPerNode: 2, memoryMib: 4_000 });
    expect(ask({ partitions, needs: { cpus: 4 } })).toMatchObject({
      kind: 'impossible',
      message: expect.stringContaining('has 3 CPUs'),
    });
  });

  test('is bounded by the memory that comes with each CPU where nobody says how much', () => {
    const partitions = [partition('debug', { defMemPerCpuMib: 5_000 })];
    expect(shape(ask({ partitions })).shape).toMatchObject({ cpus: 3, memoryMib: null });
    expect(shape(ask({ partitions, needs: { cpus: 4 } })).shape).toMatchObject({ cpus: 4, unitsPerNode: 1 });
    expect(shape(ask({ partitions, directives: { mem: '16000' } })).shape).toMatchObject({ cpus: 8 });
    expect(shape(ask({ partitions, directives: { exclusive: true } })).shape).toMatchObject({ cpus: 8 });
  });
});

describe('nodes that are named', () => {
  const nodes = [node('n1'), node('n2'), node('n3', { cpus: 4 }), node('n4', { cpus: 2 })];

  test('by nodelist: their size counts', () => {
    expect(shape(ask({ nodes, directives: { nodelist: 'n4' } })).shape).toMatchObject({ cpus: 2, nodes: 1 });
    expect(shape(ask({ nodes, directives: { nodelist: 'n[3]' } })).shape).toMatchObject({
      cpus: 4,
      why: expect.stringContaining('the most common node of debug with nodelist=n[3] (4 CPUs'),
    });
  });

  test('by exclude: the size of the others counts', () => {
    expect(shape(ask({ nodes, directives: { exclude: 'n[1-2],n4' } })).shape).toMatchObject({ cpus: 4 });
  });

  test('are each in every allocation, so that it must have as many', () => {
    const directives = { nodelist: 'n[1-2]' };
    expect(shape(ask({ nodes, directives, nodesPerAllocation: 2, unitsLeft: 1 })).shape).toMatchObject({ nodes: 2 });
    expect(ask({ nodes, directives })).toEqual({
      kind: 'impossible',
      message: 'nodelist names 2 nodes, which each allocation would have to have, and an allocation has 1',
      hint: 'leave out the others with `exclude` or a `constraint`, or set nodesPerAllocation',
    });
  });

  test('in a file, or unknown to us, are left to Slurm', () => {
    expect(shape(ask({ nodes, directives: { nodelist: './nodes' } })).shape).toMatchObject({ cpus: 8 });
    expect(shape(ask({ nodes, directives: { nodelist: 'other' } })).shape).toMatchObject({ cpus: 8 });
  });
});

describe('a unit that fits no node', () => {
  test.each([
    [{ needs: { cpus: 16 } }, 'a unit of 16 CPUs fits no node of partition debug: the largest, n1, has 8 CPUs', 'cpusPerTask'],
    [{ needs: { memoryMib: 20_480 } }, 'a unit of 20G fits no node of partition debug: the largest, n1, has 15.6G', 'memPerTask'],
    [{ needs: { gpus: 1 } }, 'a unit of 1 GPU fits no node of partition debug: the largest, n1, has 0 GPUs', 'gpusPerTask'],
    [
      { needs: { cpus: 4 }, directives: { 'cpus-per-task': 2 } },
      'cpus-per-task=2 leaves no room for a unit of 4 CPUs',
      'cpusPerTask',
    ],
    [{ needs: { memoryMib: 2_048 }, directives: { mem: '1G' } }, 'mem=1G leaves no room for a unit of 2G', 'memPerTask'],
    [{ needs: { gpus: 2 }, directives: { gres: 'gpu:1' } }, 'gres=gpu:1 leaves no room for a unit of 2 GPUs', 'gpusPerTask'],
    [{ nodes: [] }, 'Slurm shows no nodes', 'scontrol show node'],
  ])('%o: says which limit, and what to change', (request, message, hint) => {
    expect(ask(request as Parameters<typeof ask>[0])).toEqual({
      kind: 'impossible',
      message,
      hint: expect.stringContaining(hint),
    });
  });

  test('though each of its needs fits some node', () => {
    const nodes = [node('thin', { cpus: 64, memoryMib: 8_000 }), node('fat', { cpus: 4, memoryMib: 512_000 })];
    expect(ask({ nodes, needs: { cpus: 32, memoryMib: 100_000 } })).toMatchObject({
      kind: 'impossible',
      message: expect.stringContaining('no node of partition debug has 32 CPUs and 97.7G for a unit'),
    });
  });
});
