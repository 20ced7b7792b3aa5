// The elements of a map, from the encoded texts of its inputs: counted and checked at once, each put together when it is asked for.
import { assert, assertNever } from '../base/assert.ts';
import { OutflowError } from '../model/errors.ts';
import { type ElementSlices, encodedKey, kindOf, splitArray } from '../model/values.ts';
import type { MapStep } from './plan.ts';

/** The encoded element objects of a map. Holds the arrays' texts and 4 bytes an element of each. */
export interface ElementList {
  readonly length: number;
  /** The encoded object of element `i`: its iterated inputs by name. */
  at(i: number): string;
}

/** `inputs`: encoded, blobs resolved. Throws `not-an-array`, `unequal-lengths`. */
export function elementsOf(step: MapStep, inputs: Readonly<Record<string, string>>): ElementList {
  switch (step.elements.kind) {
    case 'iterate':
      return zipped(step, step.elements.over, inputs);
    case 'generated': {
      const { input } = step.elements;
      assert(input !== undefined, `the elements of ${step.id} are made within its unit`);
      return generated(step, arrayOf(step, input, inputs));
    }
    default:
      return assertNever(step.elements, 'kind of elements');
  }
}

/** The encoded inputs that go unchanged to each element: those that the body reads and no element holds. */
export function sharedInputs(step: MapStep, inputs: Readonly<Record<string, string>>): Record<string, string> {
  const own = step.elements.kind === 'iterate' ? step.elements.over.map(({ input }) => input) : [];
  const generatedInput = step.elements.kind === 'generated' ? step.elements.input : undefined;
  const shared: Record<string, string> = {};
  for (const name of step.body.inputs) {
    const text = inputs[name];
    if (text !== undefined && name !== generatedInput && !own.includes(name)) shared[name] = text;
  }
  return shared;
}

function arrayOf(step: MapStep, name: string, inputs: Readonly<Record<string, string>>): ElementSlices {
  const text = inputs[name];
  assert(text !== undefined, `map ${step.id} has no input ${name}`);
  const kind = kindOf(text);
  assert(kind !== 'blob', `input ${name} of map ${step.id} is a blob that was not resolved`);
  if (kind !== 'array') {
    const what = kind === 'null' || kind === 'bytes' ? kind : kind === 'object' ? 'an object' : `a ${kind}`;
    throw new OutflowError('not-an-array', `map ${step.id} iterates over ${name}, which is ${what} and not an array`, {
      hint: `give ${name} as an array, or take it with a plain schema instead of iterateOn`,
    });
  }
  return splitArray(text);
}

function zipped(
  step: MapStep,
  over: readonly { input: string; array: string }[],
  inputs: Readonly<Record<string, string>>,
): ElementList {
  const byArray = new Map<string, ElementSlices>();
  for (const { array } of over) if (!byArray.has(array)) byArray.set(array, arrayOf(step, array, inputs));
  const lengths = [...byArray].map(([array, { length }]) => ({ array, length }));
  const first = lengths[0];
  assert(first !== undefined, `map ${step.id} iterates over nothing`);
  if (lengths.some(({ length }) => length !== first.length)) {
    const each = lengths.map(({ array, length }) => `${array} has ${length}`).join(', ');
    throw new OutflowError('unequal-lengths', `map ${step.id} iterates over arrays of unequal lengths: ${each}`, {
      hint: 'arrays that are iterated together need one element each for every unit',
    });
  }
  const parts = over.map(({ input, array }, i) => ({
    before: `${i === 0 ? '{' : ','}${encodedKey(input)}`,
    slices: byArray.get(array) as ElementSlices,
  }));
  return {
    length: first.length,
    at(i) {
      let text = '';
      for (const { before, slices } of parts) text += before + slices.at(i);
      return `${text}}`;
    },
  };
}

function generated(step: MapStep, slices: ElementSlices): ElementList {
  for (let i = 0; i < slices.length; i++) {
    const kind = kindOf(slices.at(i));
    if (kind === 'object') continue;
    throw new OutflowError(
      'not-an-array',
      `the generator of map ${step.id} gave ${kind === 'array' ? 'an array' : kind} as element ${i}, not an object`,
      {
        hint: 'a generator returns an array of objects that hold the inputs of one element each: [{ some_data: 1 }, …]',
      },
    );
  }
  return slices;
}
