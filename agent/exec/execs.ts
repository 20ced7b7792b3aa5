// Processes beside units, one for each `outflow exec`: started when the coordinator asks, joined with it by a stream of their own,
// ended with that stream or with this agent.
import { LIMITS } from '../../src/model/limits.ts';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import { type ExecInput, type ExecOutput, execEnd, execOutput } from '../../src/rpc/exec-messages.ts';
import type { OpenExec } from '../../src/rpc/messages.ts';
import type { DialledStream } from '../../src/rpc/streams.ts';
import { asCommand } from './command.ts';
import type { ExecProcess, ExecProcessHandlers } from './exec-process.ts';
import { startPiped } from './piped-process.ts';
import { loadPty } from './pty.ts';
import { TerminalProcess } from './terminal-process.ts';
import type { UnitPlace } from './unit-place.ts';

/** Whether the unit still runs is looked at so often. */
const LOOK_MS = 1_000;

export interface ExecsOptions {
  /** The connection that the coordinator has asked over. */
  client(): CoordinatorClient | undefined;
  /** Where a unit runs; undefined: it does not run here now. */
  placeOf(step: number, index: number): UnitPlace | undefined;
  /** Has the kernel end a command with this agent, and binds it to CPUs. */
  wrap(command: readonly string[], cpus: readonly number[] | null): string[];
  watch: { add(group: number): void; remove(group: number): void };
}

export class Execs {
  readonly #options: ExecsOptions;
  readonly #live = new Set<Exec>();

  constructor(options: ExecsOptions) {
    this.#options = options;
  }

  open(request: OpenExec): void {
    const client = this.#options.client();
    if (client === undefined) return; // it has gone in this moment, and whoever asked with it
    const exec = new Exec(client, request, this.#options, () => this.#live.delete(exec));
    this.#live.add(exec);
    exec.start();
  }

  /** Ends all; resolves when nothing of them is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#live].map((exec) => exec.stop()));
  }
}

class Exec {
  readonly #request: OpenExec;
  readonly #options: ExecsOptions;
  readonly #stream: DialledStream<ExecOutput>;
  readonly #onOver: () => void;
  #process: ExecProcess | undefined;
  #look: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(client: CoordinatorClient, request: OpenExec, options: ExecsOptions, onOver: () => void) {
    this.#request = request;
    this.#options = options;
    this.#onOver = onOver;
    this.#stream = client.openAgentExec({ onMessage: (message) => this.#onInput(message), onClose: () => void this.stop() });
    this.#stream.onDrain(() => this.#process?.resume());
    this.#stream.send(execOutput({ exec: request.exec }));
  }

  start(): void {
    const { step, index, argv, term } = this.#request;
    const place = this.#options.placeOf(step, index);
    if (place === undefined) return this.#end({ unitState: 'waiting' });
    const command = asCommand({ argv, term, place });
    const wrapped = { ...command, argv: this.#options.wrap(command.argv, place.cpus) };
    const pty = term === '' ? undefined : loadPty();
    const isTerminal = pty !== undefined && !('missing' in pty);
    try {
      const handlers = this.#handlers();
      this.#process = isTerminal ? new TerminalProcess(pty, wrapped, this.#request, handlers) : startPiped(wrapped, handlers);
    } catch (error) {
      return this.#end({ error: `it could not be started: ${(error as Error).message}` });
    }
    if (this.#process.pid > 0) this.#options.watch.add(this.#process.pid);
    this.#stream.send(execOutput({ started: { terminal: isTerminal } }));
    if (pty !== undefined && !isTerminal) this.#notice(`${pty.missing}: this is no terminal but plain pipes`);
    this.#look = setInterval(() => this.#lookAfter(place), LOOK_MS);
  }

  #handlers(): ExecProcessHandlers {
    return {
      onData: (data, isError) => {
        this.#stream.send(execOutput({ data, isError }));
        if (!this.#stream.writable) this.#process?.pause();
      },
      onRoom: () => this.#stream.resume(),
      onEnd: (end) => this.#end(end),
    };
  }

  #onInput(input: ExecInput): void {
    const process = this.#process;
    switch (input.kind) {
      case 'data':
        if (process?.write(input.data) === false) this.#stream.pause();
        return;
      case 'size':
        return process?.resize(input.size.columns, input.size.rows);
      case 'signal':
        if (input.signal === 'SIGINT' || input.signal === 'SIGTERM') process?.signal(input.signal);
        return;
      case 'end':
        return process?.end();
      case 'request':
        return; // the coordinator's
    }
  }

  #lookAfter(place: UnitPlace): void {
    if (place.isThere()) return;
    clearInterval(this.#look);
    this.#notice('the unit does not run any more; this goes on until it ends, or its agent goes');
  }

  #notice(notice: string): void {
    this.#stream.send(execOutput({ notice }));
  }

  #end(how: Parameters<typeof execEnd>[0]): void {
    this.#stream.send(execEnd(how));
    this.#stream.end();
    this.#over();
  }

  /** The user, the coordinator or this agent goes. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    clearInterval(this.#look);
    this.#stream.close();
    this.#process?.resume(); // a process that waits to be read cannot end
    await this.#process?.kill(LIMITS.execGraceMs);
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#look);
    if (this.#process) this.#options.watch.remove(this.#process.pid);
    this.#onOver();
  }
}
