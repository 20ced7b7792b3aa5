// All that an agent holds, cut into messages. Pure.
import type { Hello, LeaseRef } from '../src/rpc/messages.ts';

export interface Holdings {
  held: LeaseRef[];
  running: LeaseRef[];
  finished: LeaseRef[];
  /** The reports that tell of `finished`, in its order; 0: none yet. */
  finishedIn: number[];
}

/** A reference takes at most 25 bytes: a message stays far below 4 MiB. */
const REFS_A_MESSAGE = 50_000;

export function helloMessages(agent: Omit<Hello, 'more' | keyof Holdings>, holdings: Holdings, most = REFS_A_MESSAGE): Hello[] {
  const messages: Hello[] = [];
  const rest = { held: [...holdings.held], running: [...holdings.running], finished: [...holdings.finished] };
  const finishedIn = [...holdings.finishedIn];
  do {
    let room = most;
    const part = (refs: LeaseRef[]): LeaseRef[] => {
      const taken = refs.splice(0, room);
      room -= taken.length;
      return taken;
    };
    // Running ones first: they are told before, or with, the same among the held.
    const [running, held, finished] = [part(rest.running), part(rest.held), part(rest.finished)];
    messages.push({ ...agent, running, held, finished, finishedIn: finishedIn.splice(0, finished.length), more: true });
  } while (rest.held.length + rest.running.length + rest.finished.length > 0);
  (messages.at(-1) as Hello).more = false;
  return messages;
}
