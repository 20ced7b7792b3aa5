// The agents' connections: their messages become events, our decisions become their messages. Liveness is by heartbeat.
import type { AgentInfo, Event, Lease, SettledBatch } from '../core/events.ts';
import { LIMITS } from '../model/limits.ts';
import { CAUSES, type Cause, type Failure } from '../model/states.ts';
import type {
  AgentMessage,
  CoordinatorMessage,
  FailureMessage,
  Hello,
  LogLine,
  OpenExec,
  Report,
  StepInfo,
  Usage,
  Welcome,
} from '../rpc/messages.ts';
import type { AgentStream, AgentStreamHandlers } from '../rpc/server.ts';
import { LOG_LEVELS, LOG_STREAMS, type LogRow } from '../store/types.ts';
import { ReportLogs } from './report-logs.ts';

/** What the sessions need of the rest of the coordinator. */
export interface SessionHost {
  enqueue(event: Event): void;
  welcome(reportSeq: number, hello: Hello): Welcome;
  /** What an agent is told that cannot take part; undefined: it can. */
  refusal(hello: Hello): Welcome | undefined;
  stepInfo(step: number): StepInfo;
  elementAt(step: number, index: number): string;
}

interface SessionState {
  stream: AgentStream;
  agent: string;
  hello: Hello | undefined;
  /** It has been told so, and ends by itself. */
  isRefused: boolean;
  heardAtMs: number;
  stepsTold: Set<number>;
  /** What its agent last said that it uses. */
  usage: Usage | undefined;
}

export class Sessions {
  readonly #host: SessionHost;
  readonly #sessions = new Map<number, SessionState>();
  readonly #logs = new ReportLogs();
  readonly #heartbeat: NodeJS.Timeout;
  #beatAtMs = Date.now();
  #last = 0;
  #paused = false;

  constructor(host: SessionHost) {
    this.#host = host;
    this.#heartbeat = setInterval(() => this.#beat(), LIMITS.heartbeatMs);
  }

  onAgent(stream: AgentStream): AgentStreamHandlers {
    const id = ++this.#last;
    const session: SessionState = {
      stream,
      agent: '',
      hello: undefined,
      isRefused: false,
      heardAtMs: Date.now(),
      stepsTold: new Set(),
      usage: undefined,
    };
    this.#sessions.set(id, session);
    if (this.#paused) stream.pause();
    return {
      onMessage: (message) => this.#onMessage(id, session, message),
      onClose: () => {
        this.#sessions.delete(id);
        if (session.agent) this.#host.enqueue({ kind: 'agent-disconnected', session: id, heardAtMs: session.heardAtMs });
      },
    };
  }

  #onMessage(id: number, session: SessionState, message: AgentMessage): void {
    session.heardAtMs = Date.now();
    if (session.isRefused) return;
    switch (message.kind) {
      case 'hello':
        return this.#onHello(id, session, message.hello);
      case 'demand':
        return this.#host.enqueue({ kind: 'demand', session: id, ...message.demand });
      case 'started':
        return this.#host.enqueue({ kind: 'units-started', session: id, units: message.started.units });
      case 'leaving':
        return this.#host.enqueue({ kind: 'agent-leaving', session: id, signal: message.leaving.signal });
      case 'report':
        return this.#onReport(id, session, message.report);
      case 'usage':
        session.usage = message.usage;
        return;
      default: // heartbeat, and whatever a newer agent says
    }
  }

  #onHello(id: number, session: SessionState, part: Hello): void {
    const { hello } = session;
    if (hello === undefined) {
      session.hello = part;
    } else {
      for (const key of ['held', 'running', 'finished'] as const) for (const lease of part[key]) hello[key].push(lease);
      for (const seq of part.finishedIn) hello.finishedIn.push(seq);
    }
    if (part.more) return;
    const whole = session.hello as Hello;
    const refusal = this.#host.refusal(whole);
    if (refusal !== undefined) {
      session.isRefused = true;
      return this.#send(id, { kind: 'welcome', welcome: refusal });
    }
    session.agent = whole.agent;
    const agent: AgentInfo = {
      id: whole.agent,
      allocation: whole.allocation,
      host: whole.host,
      pid: whole.pid,
      cpus: whole.cpus,
      memoryMib: Math.floor(whole.memoryBytes / 2 ** 20),
      gpus: whole.gpus,
      job: whole.job,
      version: whole.version,
    };
    this.#host.enqueue({
      kind: 'agent-connected',
      session: id,
      agent,
      held: whole.held,
      running: whole.running,
      finished: whole.finished,
      finishedIn: whole.finishedIn,
    });
  }

  #onReport(id: number, session: SessionState, report: Report): void {
    this.#logs.add(session.agent, report.seq, report.logs.map(logRow));
    this.#host.enqueue({
      kind: 'report',
      session: id,
      seq: report.seq,
      succeeded: report.succeeded as SettledBatch[],
      failed: report.failed.map((unit) => ({ ...unit, failure: failureOf(unit.failure) })),
      returned: report.returned,
    });
  }

  /** Log lines of a report, once: they are committed with it. */
  takeLogs(agent: string, seq: number): readonly LogRow[] {
    return this.#logs.take(agent, seq);
  }

  welcome(id: number, reportSeq: number): void {
    const hello = this.#sessions.get(id)?.hello;
    if (hello) this.#send(id, { kind: 'welcome', welcome: this.#host.welcome(reportSeq, hello) });
  }

  lease(id: number, epoch: number, step: number, firstN: number, index: number[], attempt: number[]): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return; // it says at its next hello what reached it
    if (!session.stepsTold.has(step)) {
      session.stepsTold.add(step);
      this.#send(id, { kind: 'step', step: this.#host.stepInfo(step) });
    }
    for (let from = 0; from < index.length; ) {
      const element: string[] = [];
      let bytes = 0;
      while (from + element.length < index.length && element.length < LIMITS.batchUnits && bytes < LIMITS.messageFillBytes) {
        const text = this.#host.elementAt(step, index[from + element.length] as number);
        element.push(text);
        bytes += text.length;
      }
      const to = from + element.length;
      this.#send(id, {
        kind: 'leases',
        leases: { step, epoch, firstN: firstN + from, index: index.slice(from, to), attempt: attempt.slice(from, to), element },
      });
      from = to;
    }
  }

  cancel(id: number, units: Lease[], graceMs: number): void {
    for (let from = 0; from < units.length; from += LIMITS.prefetchUnits) {
      this.#send(id, { kind: 'cancel', cancel: { units: units.slice(from, from + LIMITS.prefetchUnits), graceMs } });
    }
  }

  ack(id: number, seq: number): void {
    this.#send(id, { kind: 'ack', ack: { seq } });
  }

  drain(id: number, reason: string, cause: Cause | undefined): void {
    this.#send(id, { kind: 'drain', drain: { reason, cancelRunning: false, cause: cause ?? '' } });
  }

  /** The end of an allocation has become known, or has changed. */
  timeLeft(allocation: string, seconds: number): void {
    for (const [id, { hello }] of this.#sessions) {
      if (hello?.allocation === allocation) this.#send(id, { kind: 'timeLeft', timeLeft: { seconds } });
    }
  }

  usageOf(agent: string): Usage | undefined {
    for (const session of this.#sessions.values()) if (session.agent === agent) return session.usage;
    return undefined;
  }

  openExec(id: number, openExec: OpenExec): void {
    this.#send(id, { kind: 'openExec', openExec });
  }

  #send(id: number, message: CoordinatorMessage): void {
    this.#sessions.get(id)?.stream.send(message);
  }

  /** Stops reading from agents while too many events wait. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    for (const { stream } of this.#sessions.values()) paused ? stream.pause() : stream.resume();
  }

  get count(): number {
    return this.#sessions.size;
  }

  #beat(): void {
    const now = Date.now();
    // Where this process was stopped, or the machine asleep, what agents have said meanwhile has yet to be read.
    const isLate = now - this.#beatAtMs > 2 * LIMITS.heartbeatMs;
    this.#beatAtMs = now;
    for (const session of this.#sessions.values()) {
      const { stream } = session;
      if (isLate) session.heardAtMs = now;
      if (!this.#paused && now - session.heardAtMs > LIMITS.silenceMs) stream.end();
      else stream.send({ kind: 'heartbeat', heartbeat: { atMs: now } });
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { stream } of this.#sessions.values()) stream.end();
  }
}

function logRow(line: LogLine): LogRow {
  return {
    step: line.hasUnit ? line.step : null,
    index: line.hasUnit ? line.index : null,
    attempt: line.hasUnit ? line.attempt : null,
    seq: line.seq,
    atMs: line.atMs,
    stream: LOG_STREAMS[line.stream] ?? 'system',
    level: LOG_LEVELS[line.level] ?? 'info',
    text: line.text,
  };
}

function failureOf(message: FailureMessage): Failure {
  const cause = (CAUSES as readonly string[]).includes(message.cause) ? (message.cause as Cause) : 'host-crashed';
  return {
    cause,
    message: message.message,
    ...(message.task && { task: message.task }),
    ...(message.stack && { stack: message.stack }),
    ...(cause === 'exit' && { exitCode: message.exitCode }),
    ...(message.signal && { signal: message.signal }),
  };
}
