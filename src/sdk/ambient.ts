// The record of instances created while a `setup` or the body of a map runs, so that a forgotten one can be named.
// It lives on globalThis: a user's bundle holds its own copy of this module.
import type { Node } from './definition.ts';

interface Ambient {
  /** The innermost callback's instances are the last frame. */
  frames: Node[][];
  /** Instances created in this process. */
  count: number;
  /** Settles when the setup that runs now has ended: one at a time. */
  turn: Promise<unknown>;
}

const AMBIENT = Symbol.for('outflow.ambient');

function ambient(): Ambient {
  const holder = globalThis as { [AMBIENT]?: Ambient };
  holder[AMBIENT] ??= { frames: [], count: 0, turn: Promise.resolve() };
  return holder[AMBIENT];
}

/** A place in the order of creation. */
export function nextOrder(): number {
  return ambient().count++;
}

/** Notes an instance with the setup or body that creates it, if there is one. */
export function record<N extends Node>(node: N): N {
  ambient().frames.at(-1)?.push(node);
  return node;
}

/** Runs the body of a map; the instances that it creates are its own and not those of the callback around it. */
export function recordBody<T>(body: () => T): { result: T; created: Node[] } {
  const { frames } = ambient();
  const created: Node[] = [];
  frames.push(created);
  try {
    return { result: body(), created };
  } finally {
    frames.splice(frames.indexOf(created), 1);
  }
}

/** Runs a setup, which may be asynchronous, after those before it have ended. */
export function recordSetup<T>(setup: () => T | PromiseLike<T>): Promise<{ result: T; created: Node[] }> {
  const state = ambient();
  const run = async () => {
    const created: Node[] = [];
    state.frames = [created];
    try {
      return { result: await setup(), created };
    } finally {
      state.frames = [];
    }
  };
  const turn = state.turn.then(run);
  state.turn = turn.catch(() => undefined);
  return turn;
}
