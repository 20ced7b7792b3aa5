// The public SDK: what a pipeline file imports from 'outflow'.
export { sql } from './db/sql.ts';
export type { Failure } from './model/states.ts';
export { type AnyChain, type Chain, join } from './sdk/chain.ts';
export { type ArgValues, type Command, type CommandSpec, command } from './sdk/command.ts';
export { defineConfig, type OutflowConfig } from './sdk/config.ts';
export type { Context, Database, LogFields, Logger, Query, QueryMethods } from './sdk/context.ts';
export { type Flag, type FlagOptions, flag } from './sdk/flag.ts';
export { input, iterateOn } from './sdk/inputs.ts';
export { type GeneratorSpec, type MapOptions, mapTask, type ReduceSpec } from './sdk/map-task.ts';
export type { Memory, SbatchOptions } from './sdk/sbatch-options.ts';
export type { Schema } from './sdk/schema.ts';
export { type Duration, type Task, type TaskOptions, type TaskSpec, task } from './sdk/task.ts';
