// The agents that a run knows: what they hold, what they ask for, and when silence means loss.
import { LIMITS } from '../model/limits.ts';
import type { AgentInfo } from './events.ts';

export type Presence =
  | { kind: 'connected'; session: number }
  /** Its connection is gone; it is lost at `lostAtMs` unless it comes back. */
  | { kind: 'away'; lostAtMs: number }
  /** Known from an earlier holder of the run; what it holds is not known until its hello. */
  | { kind: 'expected'; lostAtMs: number }
  | { kind: 'gone' };

export class Agent {
  readonly number: number;
  info: AgentInfo;
  presence: Presence;
  /** Highest report applied. */
  reportSeq = 0;
  draining = false;
  /** Units held, and wished for beyond its CPUs, by step ordinal. */
  readonly held: number[];
  readonly prefetch: number[];

  constructor(number: number, info: AgentInfo, presence: Presence, steps: number) {
    this.number = number;
    this.info = info;
    this.presence = presence;
    this.held = new Array<number>(steps).fill(0);
    this.prefetch = new Array<number>(steps).fill(0);
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

  /** An agent of an earlier holder: its units wait for its hello. */
  expect(info: AgentInfo, reportSeq: number, nowMs: number): void {
    const agent = this.#add(info, { kind: 'expected', lostAtMs: nowMs + LIMITS.adoptMs });
    agent.reportSeq = reportSeq;
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
    }
    this.#bySession.set(session, agent);
    return agent;
  }

  disconnect(session: number, heardAtMs: number, nowMs: number): void {
    const agent = this.#bySession.get(session);
    if (agent === undefined) return; // an older connection of an agent that is back already
    this.#bySession.delete(session);
    agent.presence = { kind: 'away', lostAtMs: Math.max(heardAtMs + LIMITS.lostAfterMs, nowMs + LIMITS.reconnectMs) };
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

  #add(info: AgentInfo, presence: Presence): Agent {
    const agent = new Agent(this.#byNumber.length, info, presence, this.#steps);
    this.#byNumber.push(agent);
    this.#byId.set(info.id, agent);
    return agent;
  }
}
