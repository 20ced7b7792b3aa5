// The plain data behind what users write: definitions, the nodes of chains, and the brands that tell them apart.
import type { Backend, Directives, OnFailure, TaskOptions } from '../plan/plan.ts';
import type { Context } from './context.ts';
import type { Schema, Shape } from './schema.ts';

// A user's bundle holds its own copy of this module: things are told apart by these keys, never by `instanceof`.
export const TASK = Symbol.for('outflow.task');
export const CHAIN = Symbol.for('outflow.chain');
export const INPUT = Symbol.for('outflow.input');
export const FLAG = Symbol.for('outflow.flag');
export const COMMAND = Symbol.for('outflow.command');

/** Of all definitions and of how tasks are run; raised when another version's could not be read or run. */
export const DEFINITION_FORMAT = 1;

export interface InputDefinition {
  readonly schema: Schema;
  /** Name of the array that a map splits for this input. */
  readonly iterateOn?: string;
  /** Taken, before the schema sees it, where nothing else gives the input. */
  readonly fallback?: { readonly value: unknown };
}

/** What is executed at one border: a task, or the generator or reduce of a map. */
export interface TaskDefinition {
  readonly name: string;
  readonly args: Shape;
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  readonly outputs: Shape;
  readonly options: TaskOptions;
  /** The user's function; what it returns is not yet checked. */
  readonly run: (inputs: Record<string, unknown>, context: Context<Record<string, unknown>>) => unknown;
}

/** What a step executes: the definition, and the arguments it reads, parsed by its own schemas. */
export interface StepFunction {
  definition: TaskDefinition;
  args: Record<string, unknown>;
}

/** By the names of the options that say them; units as in the plan. */
export interface MapResources {
  readonly cpusPerTask?: number;
  /** MiB. */
  readonly memPerTask?: number;
  readonly gpusPerTask?: number;
  /** Milliseconds. */
  readonly timePerTask?: number;
  readonly sbatch?: Directives;
  readonly prologue?: string[];
}

export interface MapDefinition extends MapResources {
  readonly name: string;
  /** Absent with `noOutputs`. */
  readonly outputName?: string;
  readonly simultaneousTasks?: number;
  readonly onFailure: OnFailure;
  readonly generator?: GeneratorDefinition;
  readonly reduce?: ReduceDefinition;
  readonly body: Graph;
  /** What the body's callback created: all of it must be in `body`. */
  readonly created: readonly Node[];
}

export interface GeneratorDefinition {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** What each element holds; absent: the iterated inputs of the body. */
  readonly elements?: Shape;
  readonly run: (inputs: Record<string, unknown>, context: Context) => unknown;
}

export interface ReduceDefinition {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  readonly output?: Schema;
  readonly run: (outputs: unknown, inputs: Record<string, unknown>, context: Context) => unknown;
}

/** One instance in a chain. Its identity is the object; `order` tells which was created first. */
export type Node =
  | {
      readonly kind: 'task';
      readonly order: number;
      readonly definition: TaskDefinition;
      readonly bound: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'map'; readonly order: number; readonly definition: MapDefinition };

/** The outputs that an instance gives, by name. */
export function outputNames(node: Node): string[] {
  if (node.kind === 'task') return Object.keys(node.definition.outputs);
  return node.definition.outputName === undefined ? [] : [node.definition.outputName];
}

/** Instances and who is piped into whom. Never changed once made. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly edges: readonly (readonly [from: Node, to: Node])[];
  /** Where upstream outputs go when something is piped into this. */
  readonly starts: readonly Node[];
  /** The terminating nodes. */
  readonly ends: readonly Node[];
}

export const FLAG_KINDS = ['integer', 'number', 'string', 'boolean', 'option'] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

export interface FlagDefinition {
  readonly kind: FlagKind;
  readonly required: boolean;
  readonly multiple: boolean;
  readonly default?: unknown;
  readonly description?: string;
  /** Of kind `option`. */
  readonly options?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

export interface CommandDefinition {
  /** `DEFINITION_FORMAT` of the outflow that the pipeline imports, and its version: it may have its own. */
  readonly format: number;
  readonly version: string;
  readonly args: Readonly<Record<string, FlagDefinition>>;
  readonly description?: string;
  readonly backend?: Backend;
  readonly setup: (args: Record<string, unknown>) => unknown;
}
