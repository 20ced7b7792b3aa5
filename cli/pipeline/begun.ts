// The head start of this command line, from where it was begun to the command that takes it.
import type { HeadStart } from './head-start.ts';

let begun: HeadStart | undefined;

export function keepHeadStart(start: HeadStart | undefined): void {
  begun = start;
}

/** Hands over what was begun: from then on its end is up to the caller. */
export function takeHeadStart(): HeadStart {
  if (begun === undefined) throw new Error('no head start was begun, or it is taken');
  const taken = begun;
  begun = undefined;
  return taken;
}

/** Ends what nobody took. */
export async function discardHeadStart(): Promise<void> {
  await begun?.discard();
  begun = undefined;
}
