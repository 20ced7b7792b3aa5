// `outflow exec`: joins the user's stream with that of the agent whose unit it is about, which is asked to dial. Neither is read
// faster than the other takes.
import { randomBytes } from 'node:crypto';
import type { UnitHolder } from '../core/look.ts';
import { LIMITS } from '../model/limits.ts';
import { type ExecEnd, type ExecInput, type ExecOutput, type ExecRequest, execEnd, type UnitRef } from '../rpc/exec-messages.ts';
import type { OpenExec } from '../rpc/messages.ts';
import type { MessageStream, StreamHandlers } from '../rpc/streams.ts';

/** Running units that are named to a user whose unit does not run. */
const NAMED = 8;

export interface ExecsHost {
  holderOf(step: number, index: number): UnitHolder;
  runningUnits(limit: number): { units: UnitRef[]; total: number };
  /** Asks an agent to dial. */
  ask(session: number, request: OpenExec): void;
}

export class Execs {
  readonly #host: ExecsHost;
  readonly #live = new Map<string, Exec>();

  constructor(host: ExecsHost) {
    this.#host = host;
  }

  /** The user's end. */
  onUser(stream: MessageStream<ExecOutput>): StreamHandlers<ExecInput> {
    const id = randomBytes(8).toString('hex');
    const exec = new Exec(id, stream, this.#host, () => this.#live.delete(id));
    if (this.#live.size >= LIMITS.execs)
      exec.end({ error: `${LIMITS.execs} processes beside units of this run are open already` });
    else this.#live.set(id, exec);
    return { onMessage: (message) => exec.onInput(message), onClose: () => exec.onUserGone() };
  }

  /** The agent's end: its first message says which one. */
  onAgent(stream: MessageStream<ExecInput>): StreamHandlers<ExecOutput> {
    let exec: Exec | undefined;
    return {
      onMessage: (message) => {
        if (exec !== undefined) return exec.onOutput(message);
        exec = this.#live.get(message.exec);
        if (exec === undefined)
          stream.end(); // the user has gone meanwhile
        else exec.join(stream);
      },
      onClose: () => exec?.onAgentGone(),
    };
  }

  close(): void {
    for (const exec of [...this.#live.values()]) exec.end({ error: 'the coordinator ends' });
  }
}

class Exec {
  readonly #id: string;
  readonly #user: MessageStream<ExecOutput>;
  readonly #host: ExecsHost;
  readonly #onOver: () => void;
  #agent: MessageStream<ExecInput> | undefined;
  /** Of the agent, for messages. */
  #agentName = '';
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(id: string, user: MessageStream<ExecOutput>, host: ExecsHost, onOver: () => void) {
    this.#id = id;
    this.#user = user;
    this.#host = host;
    this.#onOver = onOver;
    user.onDrain(() => this.#agent?.resume());
  }

  onInput(message: ExecInput): void {
    if (this.#isOver) return;
    if (message.kind === 'request') return this.#open(message.request);
    this.#agent?.send(message);
    if (this.#agent?.writable === false) this.#user.pause();
  }

  #open({ step, index, argv, term, size }: ExecRequest): void {
    if (this.#timer !== undefined) return;
    const holder = this.#host.holderOf(step, index);
    if (holder.kind === 'none') return this.end({ unitState: holder.state });
    const { id, host } = holder.agent;
    this.#agentName = `agent ${id} on ${host}`;
    if (holder.kind === 'away') return this.end({ error: `${this.#agentName} is not connected at the moment` });
    this.#user.pause(); // until there is somebody to whom it can be sent
    const { columns, rows } = size ?? { columns: 0, rows: 0 };
    this.#host.ask(holder.session, { exec: this.#id, step, index, argv, term, columns, rows });
    this.#timer = setTimeout(() => {
      this.end({ error: `${this.#agentName} did not answer within ${LIMITS.execStartMs / 1_000} s` });
    }, LIMITS.execStartMs);
  }

  join(agent: MessageStream<ExecInput>): void {
    if (this.#isOver || this.#agent !== undefined) return agent.end();
    clearTimeout(this.#timer);
    this.#agent = agent;
    agent.onDrain(() => this.#user.resume());
    this.#user.resume();
  }

  onOutput(message: ExecOutput): void {
    if (this.#isOver) return;
    if (message.end) return this.end(message.end);
    this.#user.send(message);
    if (!this.#user.writable) this.#agent?.pause();
  }

  onAgentGone(): void {
    this.end({ error: `${this.#agentName} has gone` });
  }

  onUserGone(): void {
    this.#over();
  }

  /** The user's last message. */
  end(end: Partial<ExecEnd>): void {
    if (this.#isOver) return;
    const { units, total } = end.unitState ? this.#host.runningUnits(NAMED) : { units: [], total: 0 };
    this.#user.send(execEnd({ ...end, running: units, runningTotal: total }));
    this.#user.end();
    this.#over();
  }

  /** An agent whose stream ends, ends the process. */
  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#agent?.end();
    this.#agent?.resume(); // what still comes is dropped, to its end
    this.#onOver();
  }
}
