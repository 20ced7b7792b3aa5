// What a step's allocations are asked for with: the directives of all who have a say, merged, and the lines of shell before the agent.
import type { Directives, Step } from './plan.ts';
import { DIRECTIVE_SOURCES, type Directive, type SlurmSettings } from './slurm.ts';

/** Options that speak of one thing: who says one of them has said them all. */
const FAMILIES = [
  ['mem', 'mem-per-cpu', 'mem-per-gpu'],
  ['gpus', 'gpus-per-node', 'gpus-per-socket', 'gpus-per-task'],
  ['exclusive', 'oversubscribe'],
  ['core-spec', 'thread-spec'],
  ['hint', 'threads-per-core'],
];

/** By name, each from its nearest source; what that source takes back (`false`) is left out. In the order of their names. */
export function directivesOf(step: Step, settings: SlurmSettings): Directive[] {
  return mergedDirectives(settings, step.kind === 'map' ? (step.sbatch ?? {}) : {});
}

/** The same for whatever has no step of a pipeline. */
export function mergedDirectives(settings: SlurmSettings, pipeline: Directives = {}): Directive[] {
  const said = { ...settings, pipeline };
  const merged: Directive[] = [];
  const decided = new Set<string>();
  for (const source of DIRECTIVE_SOURCES) {
    const undecided = Object.entries(said[source]).filter(([name]) => !decided.has(name));
    for (const [name, value] of undecided) {
      for (const each of familyOf(name)) decided.add(each);
      if (value !== false) merged.push({ name, value, source });
    }
  }
  return merged.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The site's lines, then the step's own. */
export function prologueOf(step: Step, settings: SlurmSettings): string[] {
  return [...settings.prologue, ...(step.kind === 'map' ? (step.prologue ?? []) : [])];
}

/** Equal for steps that can share allocations, whoever said what. */
export function poolKey(step: Step, settings: SlurmSettings): string {
  const directives = directivesOf(step, settings).map(({ name, value }) => [name, value === true ? true : String(value)]);
  return JSON.stringify([directives, prologueOf(step, settings)]);
}

function familyOf(name: string): readonly string[] {
  return FAMILIES.find((family) => family.includes(name)) ?? [name];
}
