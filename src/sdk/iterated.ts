// What the body of a map iterates: found before the body is lowered, since its elements are what the body is given.
import { badDefinition } from './checks.ts';
import { type InputDefinition, type MapDefinition, outputNames } from './definition.ts';
import { beforeOf } from './lowering.ts';

export interface IteratedName {
  input: string;
  array: string;
  definition: InputDefinition;
}

/** The iterated inputs that nothing in the body gives: by input name, each once. Throws where one is iterated over two arrays. */
export function iteratedInputs(id: string, { body }: MapDefinition): IteratedName[] {
  const before = beforeOf(body);
  const found = new Map<string, IteratedName>();
  for (const node of body.nodes) {
    if (node.kind !== 'task') continue; // an inner map iterates for itself
    for (const [input, definition] of Object.entries(node.definition.inputs)) {
      const array = definition.iterateOn;
      if (array === undefined || Object.hasOwn(node.bound, input)) continue;
      if ((before.get(node) ?? []).some((each) => outputNames(each).includes(input))) continue;
      const known = found.get(input);
      if (known !== undefined && known.array !== array) {
        throw badDefinition(
          `the tasks of map ${id} iterate the input \`${input}\` over two arrays, \`${known.array}\` and \`${array}\``,
          'give one of the inputs another name: an element holds one value under each',
        );
      }
      found.set(input, { input, array, definition });
    }
  }
  return [...found.values()];
}
