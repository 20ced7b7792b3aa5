// Plan data: what would run, as plain JSON. Produced by the SDK from a command's `setup`, read by coordinator, hosts and CLI.

/** An encoded value: JSON text with in-place tags (see `model/values.ts`). */
export type ValueText = string;

export interface Plan {
  version: 1;
  command: string;
  /** The command's arguments as one encoded object. */
  args: ValueText;
  workflow: Workflow;
  /** `flag > command > config > default` decides; this is what the command's definition says, if anything. */
  backend?: Backend;
}

export const BACKENDS = ['sequential', 'parallel', 'slurm'] as const;
export type Backend = (typeof BACKENDS)[number];

export interface Workflow {
  /** In topological order: a step comes after all that it depends on. */
  steps: Step[];
  /** Names that this workflow takes from outside; always empty at the top. */
  inputs: string[];
  /** Ids of the terminating steps, in the order that `setup` returned them. */
  terminating: string[];
}

export type Step = TaskStep | MapStep; // places kept: loop, branch

interface StepBase {
  /** The path in the graph: `Compute`, `map_output/Compute-2`. Unique in the plan. */
  id: string;
  /** The last part of the id. */
  name: string;
  /** Ids of the steps piped directly into this one (same workflow). */
  after: string[];
  inputs: Input[];
  outputs: Output[];
}

export interface Input {
  name: string;
  source: Source;
  /** A short text of the schema, for people: `integer`, `array of string`. */
  type?: string;
}

export type Source =
  /** Output `output` of step `step`. */
  | { kind: 'step'; step: string; output: string }
  /** A value fixed in `setup`. */
  | { kind: 'bound'; value: ValueText }
  /** From the enclosing subworkflow, under that name. */
  | { kind: 'outer'; name: string }
  /** The default of the task's definition; the host fills it in. */
  | { kind: 'default' };

export interface Output {
  name: string;
  type?: string;
}

export interface TaskStep extends StepBase {
  kind: 'task';
  /** Place kept: shell and Python tasks. */
  language: 'typescript';
  /** The definition's name; two instances share it. */
  task: string;
  /** A custom `generator` or `reduce` of a top-level map is a task step of its own, `<map>/generate` and `<map>/reduce`. */
  role: 'task' | 'generate' | 'reduce';
  options: TaskOptions;
}

export interface TaskOptions {
  timeoutMs?: number;
  retries: { max: number; delayMs: number };
  env?: Record<string, string>;
  isolate: boolean;
  /** With the Slurm backend: on an agent beside the coordinator (default), or in an allocation. */
  runOn?: 'allocation';
}

export const ON_FAILURE = ['finish', 'abort', 'keep'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

/**
 * `inputs` names what the map takes from outside: the arrays of the iterated inputs under their array names, and the shared
 * inputs under their own. An element is an object that holds the iterated inputs; the body's `outer` inputs are looked up
 * first in the element, then in the shared inputs.
 */
export interface MapStep extends StepBase {
  kind: 'map';
  body: Workflow;
  elements: Elements;
  /** The name of its only output; absent with `noOutputs`. Where a `<map>/reduce` step follows, RAW_OUTPUT. */
  outputName?: string;
  /** `concatenate`: `[[{…}],[{…}]]` in input order. `custom`: run by the host (inner maps) or by the `<map>/reduce` step. */
  reduce: 'concatenate' | 'custom';
  cpusPerTask: number;
  /** MiB that a unit owns while it runs; more ends it. Absent: neither packed nor limited. */
  memPerTaskMib?: number;
  gpusPerTask?: number;
  /** What the user says that a unit takes at most. */
  timePerTaskMs?: number;
  simultaneousTasks?: number;
  onFailure: OnFailure;
  /** For the Slurm backend, which others ignore: options of sbatch by their long names, and lines of shell before the agent. */
  sbatch?: Directives;
  prologue?: string[];
}

/** Options of sbatch by their long names without dashes (`cpus-per-task`, `mem`); true: the option alone; false: taken back. */
export type Directives = Record<string, string | number | boolean>;

export type Elements =
  /** Split and zip: element i is `{ [input]: array[i] … }`. */
  | { kind: 'iterate'; over: { input: string; array: string }[] }
  /** An array of element objects, made by a custom generator. `input`: the map's input that holds it; absent for inner maps, whose host calls the generator. */
  | { kind: 'generated'; input?: string };

/** At the top, a map with a custom reduce gives its raw per-element outputs under this name to its `<map>/reduce` step. */
export const RAW_OUTPUT = 'unit_outputs';
/** The output of a `<map>/generate` step. */
export const GENERATED_OUTPUT = 'elements';
