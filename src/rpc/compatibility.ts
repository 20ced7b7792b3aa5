// Whether two programs of different versions understand each other. Pure.
//
// What is added to the protocol changes nothing for a program that does not know it. Where that is not enough, PROTOCOL is raised;
// OLDEST_PROTOCOL follows when what is older is not served any more. Each side says both, and each looks.

const PROTOCOL = 1;
const OLDEST_PROTOCOL = 1;

/** What a hello and a welcome say; 0: a program from before there were numbers, which is 1. */
export interface Spoken {
  protocol: number;
  oldestProtocol: number;
  /** Of outflow; "": not said. */
  version: string;
}

/** Undefined: they do. `who`: how the other is named. */
export function whyNotTogether(own: Spoken, other: Spoken, who: { own: string; other: string }): string | undefined {
  const theirs = other.protocol || 1;
  if (theirs < own.oldestProtocol) return told(own, other, who, 'old');
  if (own.protocol < (other.oldestProtocol || 1)) return told(own, other, who, 'new');
  return undefined;
}

function told(own: Spoken, other: Spoken, who: { own: string; other: string }, which: 'old' | 'new'): string {
  return `the ${who.other} is too ${which} for the ${who.own}: ${spoken(other, who.other)}; ${spoken(own, who.own)}`;
}

function spoken({ protocol, oldestProtocol, version }: Spoken, who: string): string {
  const [newest, oldest] = [protocol || 1, oldestProtocol || 1];
  const range = newest === oldest ? `protocol ${newest}` : `protocols ${oldest} to ${newest}`;
  return `the ${who} is outflow ${version || 'of an unknown version'} and speaks ${range}`;
}

export function ownSpoken(): Spoken {
  const version = typeof __OUTFLOW_VERSION__ === 'string' ? __OUTFLOW_VERSION__ : '';
  return { protocol: PROTOCOL, oldestProtocol: OLDEST_PROTOCOL, version };
}
