// command(): an entry point of a pipeline file.
import { BACKENDS, type Backend } from '../plan/plan.ts';
import type { AnyChain } from './chain.ts';
import { badDefinition, checkChoice, checkFunction, checkOptions, checkText, refuseInherited, shown } from './checks.ts';
import { COMMAND, type CommandDefinition, DEFINITION_FORMAT, type FlagDefinition } from './definition.ts';
import { type Flag, type FlagShape, flagDefinitionOf } from './flag.ts';
import type { ChainsOf, Lacking, MaybePromise, OpenNeeds, Show, WrongArgs } from './types.ts';

/** The values of a command's flags. */
export type ArgValues<F extends FlagShape> = Show<{ [K in keyof F]: F[K] extends Flag<infer T> ? T : never }>;

declare const ARGS: unique symbol;
/** A command: export it from the pipeline file; the export's name is the command's name. */
export interface Command<Args extends object> {
  readonly [ARGS]: Args;
}

type Problems<B, Args> = B extends unknown ? Lacking<OpenNeeds<ChainsOf<B>>> | WrongArgs<Args, ChainsOf<B>['reads']> : never;
type Complete<B, Args> = [Problems<B, Args>] extends [never] ? unknown : Problems<B, Args>;

/** What `command()` takes. */
export interface CommandSpec<F extends FlagShape, B> {
  /** The flags of `outflow run NAME`. Default: none. */
  readonly args?: F;
  /** Shown by `--help`. */
  readonly description?: string;
  /** Where it runs unless a flag says otherwise: `sequential`, `parallel`, `slurm`. Default: the configuration's. */
  readonly backend?: Backend;
  /**
   * Builds the workflow and returns its terminating instance, or an array of them. Called once at plan time and once in each
   * process that runs tasks: the same arguments must give the same workflow.
   */
  setup(args: ArgValues<F>): B & Complete<Awaited<B>, ArgValues<F>>;
}

/**
 * Defines a command. A workflow that still lacks an input, or whose tasks read an argument that `args` does not declare,
 * does not compile. Throws `bad-definition`.
 *
 * @example
 * ```ts
 * export const compute_data = command({
 *   args: { multiplier: flag.integer({ required: true, description: 'what to multiply by' }) },
 *   setup: () => GenData().pipe(mapTask({ outputName: 'results' }, () => Compute())).pipe(PrintData()),
 * });
 * ```
 */
export function command<F extends FlagShape = {}, const B extends MaybePromise<AnyChain | readonly AnyChain[]> = AnyChain>(
  spec: CommandSpec<F, B>,
): Command<ArgValues<F>> {
  const given = checkOptions(spec, ['args', 'description', 'backend', 'setup'], 'command()');
  const description = checkText(given['description'], '`description` of a command');
  const backend = checkChoice(given['backend'], BACKENDS, '`backend` of a command');
  const definition: CommandDefinition = {
    format: DEFINITION_FORMAT,
    version: outflowVersion,
    args: flagsOf(given['args']),
    ...(description === undefined ? {} : { description }),
    ...(backend === undefined ? {} : { backend }),
    setup: checkFunction(given['setup'], '`setup` of a command') as CommandDefinition['setup'],
  };
  return Object.freeze({ [COMMAND]: definition }) as unknown as Command<ArgValues<F>>;
}

function flagsOf(args: unknown = {}): Record<string, FlagDefinition> {
  if (typeof args !== 'object' || args === null)
    throw badDefinition(`\`args\` of a command must be an object of flags, not ${shown(args)}`);
  const flags: Record<string, FlagDefinition> = {};
  for (const [name, value] of Object.entries(args)) {
    refuseInherited(name, 'an argument of a command');
    if (!/^[A-Za-z][\w-]*$/.test(name))
      throw badDefinition(
        `an argument of a command cannot be named ${shown(name)}`,
        'it becomes a flag: letters, digits, `_` and `-`',
      );
    const definition = flagDefinitionOf(value);
    if (definition === undefined) {
      throw badDefinition(
        `argument \`${name}\` of a command is ${shown(value)}, not a flag`,
        'write flag.integer(), flag.number(), flag.string(), flag.boolean() or flag.option([…])',
      );
    }
    flags[name] = definition;
  }
  return flags;
}

/** Run from its sources, outflow has none. */
export const outflowVersion = typeof __OUTFLOW_VERSION__ === 'string' ? __OUTFLOW_VERSION__ : 'unknown';

/** The definition behind a command, if `value` is one. */
export function commandDefinitionOf(value: unknown): CommandDefinition | undefined {
  return typeof value === 'object' && value !== null ? (value as { [COMMAND]?: CommandDefinition })[COMMAND] : undefined;
}
