// How a task declares its inputs beyond a plain schema: with a default, or iterated by the map around it.
import { INPUT, type InputDefinition } from './definition.ts';
import type { InputOf, Schema } from './schema.ts';
import type { DefaultedInput, IteratedInput } from './types.ts';

/**
 * An input with a default, taken where nobody gives the input. The default is checked by the schema like any other value.
 *
 * @example
 * ```ts
 * inputs: { word: z.string(), times: input(z.int(), { default: 2 }) }
 * ```
 */
export function input<S extends Schema>(schema: S, options: { default: InputOf<S> }): DefaultedInput<S> {
  return branded({ schema, fallback: { value: options.default } }) as unknown as DefaultedInput<S>;
}

/**
 * An input that the map around the task takes, element by element, from the array `arrayName`. Several iterated inputs of
 * one map are zipped; their arrays must have the same length.
 *
 * @example
 * ```ts
 * inputs: { some_data: iterateOn('some_data_array', z.int()) }
 * ```
 */
export function iterateOn<const ArrayName extends string, S extends Schema>(
  arrayName: ArrayName,
  schema: S,
): IteratedInput<ArrayName, S> {
  return branded({ schema, iterateOn: arrayName }) as unknown as IteratedInput<ArrayName, S>;
}

function branded(definition: InputDefinition): object {
  return { [INPUT]: definition };
}

/** The definition that `input` or `iterateOn` made, if `value` is one. */
export function inputDefinitionOf(value: unknown): InputDefinition | undefined {
  return typeof value === 'object' && value !== null ? (value as { [INPUT]?: InputDefinition })[INPUT] : undefined;
}
