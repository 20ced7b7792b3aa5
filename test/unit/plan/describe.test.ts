// Plans as graphs in two languages.
import { expect, test } from 'vitest';
import { toDot, toMermaid } from '../../../src/plan/describe.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { mapStep, step, workflow } from './workflows.ts';

const body = workflow([step('map/In "1"'), step('map/Next', {}, ['map/In "1"'])]);
const map = mapStep({ kind: 'iterate', over: [{ input: 'n', array: 'numbers' }] }, body, {
  after: ['Gen'],
  inputs: [{ name: 'numbers', source: { kind: 'step', step: 'Gen', output: 'numbers' } }],
  cpusPerTask: 2,
});
const plan: Plan = {
  version: 1,
  command: 'compute',
  args: '{}',
  workflow: workflow([step('Gen'), map, step('Print', { map_output: 'map.map_output' })]),
};

test('a plan is a flowchart of Mermaid, maps as subgraphs', () => {
  expect(toMermaid(plan)).toBe(`flowchart TD
  s1["Gen"]
  subgraph s2 ["map: for each of numbers, 2 CPUs each"]
    s3["map/In #quot;1#quot;"]
    s4["map/Next"]
  end
  s5["Print"]
  s1 -->|"numbers"| s2
  s3 --> s4
  s2 -->|"map_output"| s5
`);
});

test('a plan is a digraph of Graphviz, maps as clusters', () => {
  const dot = toDot(plan);
  expect(dot).toContain('digraph "compute" {');
  expect(dot).toContain(
    'subgraph cluster_s2 {\n    label="map: for each of numbers, 2 CPUs each";\n    s3 [label="map/In \\"1\\""];',
  );
  expect(dot).toContain('s1 -> s3 [label="numbers", lhead=cluster_s2];');
  expect(dot).toContain('s4 -> s5 [label="map_output", ltail=cluster_s2];');
});
