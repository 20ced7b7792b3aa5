// The agents that a run knows: what they hold, what they ask for, and when silence means loss.
import { LIMITS } from '../model/limits.ts';
import type { Cause } from '../model/states.ts';
import type { AgentInfo } from './events.ts';

export type Presence =
  | { kind: 'connected'; session: number }
  /** Its connection is gone; it is lost at `lostAtMs` unless it comes back. */
  | { kind: 'away'; lostAtMs: number }
  /** Known from an earlier holder of the run; what it holds is not known until its hello. */
  | { kind: 'expected'; lostAtMs: number }
  | { kind: 'gone' };

/** The pool of an agent whose allocation is not known: it gets nothing. */
export const NO_POOL = -1;

/** The agent has said that it must go, and wants to know why. */
export type Leaving = { kind: 'no' } | { kind: 'asks'; answerAtMs: number } | { kind: 'answered'; cause: Cause | undefined };

export class Agent {
  readonly number: number;
  info: AgentInfo;
  presence: Presence;
  /** Whose units it takes; null: of any pool. */
  pool: number | null = NO_POOL;
  /** Highest report applied. */
  reportSeq = 0;
  /** Nothing more is leased to it. */
  draining = false;
  leaving: Leaving = { kind: 'no' };
  /** Since when it holds nothing; null: it holds something, or is not connected. */
  idleSinceMs: number | null = null;
  /** The last of its first leases: units under these had all the time that it had. 0: none yet; -1: not known. */
  freshFence = 0;
  unitsDone = 0;
  /** Units held, and wished for beyond its CPUs, by step ordinal. */
  readonly held: number[];
  readonly prefetch: number[];
  /** Steps of which no further unit could end in time. */
  readonly closed: boolean[];

  constructor(number: number, info: AgentInfo, presence: Presence, steps: number) {
    this.number = number;
    this.info = info;
    this.presence = presence;
    this.held = new Array<number>(steps).fill(0);
    this.prefetch = new Array<number>(steps).fill(0);
    this.closed = new Array<boolean>(steps).fill(false);
  }

  get holdsNothing(): boolean {
    return this.held.every((count) => count === 0);
  }
}

export class Agents {
  readonly #byNumber: Agent[] = [];
  readonly #byId = new Map<string, Agent>();
  readonly #bySession = new Map<number, Agent>();
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  [Symbol.iterator](): IterableIterator<Agent> {
    return this.#byNumber[Symbol.iterator]();
  }

  byNumber(number: number): Agent {
    return this.#byNumber[number] as Agent;
  }

  bySession(session: number): Agent | undefined {
    return this.#bySession.get(session);
  }

  byId(id: string): Agent | undefined {
    return this.#byId.get(id);
  }

  /** An agent of an earlier holder: its units wait for its hello. */
  expect(info: AgentInfo, reportSeq: number, nowMs: number): Agent {
    return this.#addEarlier(info, reportSeq, { kind: 'expected', lostAtMs: nowMs + LIMITS.adoptMs });
  }

  /** One that is taken for gone: should it come all the same, its reports go on from there. */
  know(info: AgentInfo, reportSeq: number): void {
    this.#addEarlier(info, reportSeq, { kind: 'gone' });
  }

  #addEarlier(info: AgentInfo, reportSeq: number, presence: Presence): Agent {
    const agent = this.#add(info, presence);
    agent.reportSeq = reportSeq;
    agent.freshFence = -1;
    return agent;
  }

  connect(info: AgentInfo, session: number): Agent {
    const presence: Presence = { kind: 'connected', session };
    let agent = this.#byId.get(info.id);
    if (agent === undefined) {
      agent = this.#add(info, presence);
    } else {
      if (agent.presence.kind === 'connected') this.#bySession.delete(agent.presence.session);
      agent.info = info;
      agent.presence = presence;
      agent.prefetch.fill(0);
      agent.closed.fill(false);
    }
    this.#bySession.set(session, agent);
    return agent;
  }

  /** Undefined: it was an older connection of an agent that is back already. */
  disconnect(session: number, heardAtMs: number, nowMs: number): Agent | undefined {
    const agent = this.#bySession.get(session);
    if (agent === undefined) return undefined;
    this.#bySession.delete(session);
    agent.presence = {
      kind: 'away',
      lostAtMs: Math.max(heardAtMs + LIMITS.lostAfterMs, nowMs + LIMITS.reconnectMs),
    };
    return agent;
  }

  lose(agent: Agent): void {
    if (agent.presence.kind === 'connected') this.#bySession.delete(agent.presence.session);
    agent.presence = { kind: 'gone' };
    agent.held.fill(0);
  }

  connected(): Agent[] {
    return this.#byNumber.filter((agent) => agent.presence.kind === 'connected');
  }

  /** Agents of an earlier holder that have not said hello yet: until then nobody knows what is free. */
  anyExpected(): boolean {
    return this.#byNumber.some((agent) => agent.presence.kind === 'expected');
  }

  /** Whether an agent of the allocation is connected, or may come back. */
  isHeardOf(allocation: string): boolean {
    return this.#byNumber.some((agent) => agent.info.allocation === allocation && agent.presence.kind !== 'gone');
  }

  /** How many there have been, those that are gone too. */
  ofAllocation(allocation: string): number {
    return this.#byNumber.filter(({ info }) => info.allocation === allocation).length;
  }

  #add(info: AgentInfo, presence: Presence): Agent {
    const agent = new Agent(this.#byNumber.length, info, presence, this.#steps);
    this.#byNumber.push(agent);
    this.#byId.set(info.id, agent);
    return agent;
  }
}
