// A plan's graph in the languages of Mermaid and Graphviz: steps, what is mapped over what, and the names that flow.
import type { MapStep, Plan, Step, Workflow } from './plan.ts';

/** A Mermaid flowchart; the text of a code block marked `mermaid`. */
export function toMermaid(plan: Plan): string {
  const nodes = nodeNames(plan.workflow);
  const lines = ['flowchart TD', ...mermaidSteps(plan.workflow, nodes, '  ')];
  for (const edge of edgesOf(plan.workflow)) {
    const label = edge.labels.length === 0 ? '' : `|"${mermaidText(edge.labels.join(', '))}"|`;
    lines.push(`  ${nodes.get(edge.from)} -->${label} ${nodes.get(edge.to)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A Graphviz digraph; for `dot -Tsvg`. */
export function toDot(plan: Plan): string {
  const nodes = nodeNames(plan.workflow);
  const lines = [
    `digraph ${quoted(plan.command)} {`,
    '  compound=true;',
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
  ];
  lines.push('  edge [fontname="sans-serif", fontsize=10];', ...dotSteps(plan.workflow, nodes, '  '));
  for (const edge of edgesOf(plan.workflow)) lines.push(`  ${dotEdge(edge, plan.workflow, nodes)}`);
  return `${[...lines, '}'].join('\n')}\n`;
}

interface Edge {
  from: string;
  to: string;
  /** Names of the outputs that flow along it. */
  labels: string[];
}

/** Who follows whom, in all workflows of the plan. */
function edgesOf(workflow: Workflow): Edge[] {
  return workflow.steps.flatMap((step) => {
    const own = step.after.map((from) => ({
      from,
      to: step.id,
      labels: step.inputs.flatMap(({ source }) => (source.kind === 'step' && source.step === from ? [source.output] : [])),
    }));
    return step.kind === 'map' ? [...own, ...edgesOf(step.body)] : own;
  });
}

/** Names for both languages: `s1`, `s2` … in the order of the plan. */
function nodeNames(workflow: Workflow, names = new Map<string, string>()): Map<string, string> {
  for (const step of workflow.steps) {
    names.set(step.id, `s${names.size + 1}`);
    if (step.kind === 'map') nodeNames(step.body, names);
  }
  return names;
}

function mapTitle(step: MapStep): string {
  const over = step.elements.kind === 'iterate' ? step.elements.over.map(({ array }) => array).join(', ') : 'generated elements';
  const cpus = step.cpusPerTask > 1 ? `, ${step.cpusPerTask} CPUs each` : '';
  return `${step.name}: for each of ${over}${cpus}`;
}

function mermaidSteps(workflow: Workflow, nodes: ReadonlyMap<string, string>, indent: string): string[] {
  return workflow.steps.flatMap((step) => {
    const node = nodes.get(step.id);
    if (step.kind === 'task') return [`${indent}${node}["${mermaidText(step.name)}"]`];
    const body = mermaidSteps(step.body, nodes, `${indent}  `);
    return [`${indent}subgraph ${node} ["${mermaidText(mapTitle(step))}"]`, ...body, `${indent}end`];
  });
}

function mermaidText(text: string): string {
  return text.replaceAll('"', '#quot;');
}

function dotSteps(workflow: Workflow, nodes: ReadonlyMap<string, string>, indent: string): string[] {
  return workflow.steps.flatMap((step) => {
    const node = nodes.get(step.id);
    if (step.kind === 'task') return [`${indent}${node} [label=${quoted(step.name)}];`];
    const body = dotSteps(step.body, nodes, `${indent}  `);
    return [`${indent}subgraph cluster_${node} {`, `${indent}  label=${quoted(mapTitle(step))};`, ...body, `${indent}}`];
  });
}

/** Graphviz joins nodes only: an edge of a map is one of a task within it, cut off at the map's frame. */
function dotEdge({ from, to, labels }: Edge, workflow: Workflow, nodes: ReadonlyMap<string, string>): string {
  const [source, target] = [stepById(workflow, from), stepById(workflow, to)];
  const attributes = [
    ...(labels.length === 0 ? [] : [`label=${quoted(labels.join(', '))}`]),
    ...(source?.kind === 'map' ? [`ltail=cluster_${nodes.get(from)}`] : []),
    ...(target?.kind === 'map' ? [`lhead=cluster_${nodes.get(to)}`] : []),
  ];
  const ends = `${nodes.get(taskWithin(source, 'last'))} -> ${nodes.get(taskWithin(target, 'first'))}`;
  return `${ends}${attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`};`;
}

function stepById(workflow: Workflow, id: string): Step | undefined {
  for (const step of workflow.steps) {
    const found = step.id === id ? step : step.kind === 'map' ? stepById(step.body, id) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function taskWithin(step: Step | undefined, which: 'first' | 'last'): string {
  if (step?.kind !== 'map') return step?.id ?? '';
  return taskWithin(step.body.steps.at(which === 'first' ? 0 : -1), which);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
