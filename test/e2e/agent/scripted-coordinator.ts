// A coordinator that does what the test says, over real gRPC: it leases what it is told to, remembers what it hears, and
// acknowledges by itself unless told not to. It is never silent, so that an agent does not connect again unless a test has it so.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { BeginMessage } from '../../../agent/wire/messages.ts';
import { bundlePipeline } from '../../../src/loader/bundle.ts';
import { importBundle } from '../../../src/loader/import-bundle.ts';
import { materializeBundle } from '../../../src/loader/materialize.ts';
import { OutflowError } from '../../../src/model/errors.ts';
import { encodeValue } from '../../../src/model/values.ts';
import { planSum } from '../../../src/plan/hash.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { ownSpoken } from '../../../src/rpc/compatibility.ts';
import type {
  AgentMessage,
  CoordinatorMessage,
  Demand,
  FailureMessage,
  Hello,
  LeaseRef,
  LogLine,
  Report,
  StepInfo,
  TunnelTarget,
  Welcome,
} from '../../../src/rpc/messages.ts';
import { type AgentStream, type RunningServer, serve } from '../../../src/rpc/server.ts';
import { buildPlan, commandsOf } from '../../../src/sdk/internal.ts';
import { selfCommand } from '../../../src/system/self.ts';

export interface Result {
  lease: LeaseRef;
  durationMs: number;
  output?: string;
  failure?: FailureMessage;
  cancelled?: boolean;
}

interface Connection {
  stream: AgentStream;
  hellos: Hello[];
  isOpen: boolean;
}

export class ScriptedCoordinator {
  readonly directory: string;
  readonly joinFile: string;
  readonly blobs = new Map<string, Uint8Array>();
  /** Its store is away: nobody gets a blob from it, or to it. */
  isStoreAway = false;
  /** Transfers that it refused for that. */
  refused = 0;
  /** Blobs in the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly messages: AgentMessage[] = [];
  readonly reports: Report[] = [];
  readonly connections: Connection[] = [];
  plan!: Plan;
  /** What the agent's hosts are to begin with. */
  beginMessage!: BeginMessage;
  epoch = 1;
  n = 1;
  acknowledges = true;
  /** Blobs wait for it. */
  blobsHeld: Promise<void> | undefined;
  welcomes = true;
  /** Where tunnels end. */
  tunnels: { open(target: TunnelTarget, stream: Duplex): void } | undefined;
  agent: ChildProcess | undefined;
  agentLog = '';
  #welcome!: Welcome;
  #server: RunningServer | undefined;
  #steps = new Set<number>();
  #waiters = new Set<() => void>();

  private constructor() {
    this.directory = mkdtempSync(path.join(tmpdir(), 'outflow-scripted-'));
    this.joinFile = path.join(this.directory, 'join.json');
  }

  static async create(pipelineFile: string, command: string, args: Record<string, unknown> = {}): Promise<ScriptedCoordinator> {
    const coordinator = new ScriptedCoordinator();
    const bundle = await bundlePipeline(pipelineFile);
    coordinator.blobs.set(bundle.hash, bundle.bytes);
    const script = await materializeBundle({ ...bundle, dir: path.join(coordinator.directory, 'bundles') });
    const definition = commandsOf(await importBundle(script, bundle.pipelineDir))[command];
    if (definition === undefined) throw new Error(`no command ${command}`);
    coordinator.plan = (await buildPlan(command, definition, args)).plan;
    coordinator.#welcome = {
      refusal: '',
      epoch: 1,
      run: 'testrun1',
      command,
      args: encodeValue(args),
      planHash: '',
      planSum: planSum(coordinator.plan),
      bundleHash: bundle.hash,
      pipelineDir: bundle.pipelineDir,
      workdir: coordinator.directory,
      reportSeq: 0,
      databases: {},
      maxRunning: 0,
      orphanGraceMs: 60_000,
      environment: {},
      secondsLeft: 0,
      tunnel: false,
      ...ownSpoken(),
    };
    coordinator.beginMessage = {
      ...coordinator.#welcome,
      kind: 'begin',
      bundlePath: script,
      blobDir: coordinator.directory,
      variables: {},
    };
    await coordinator.listen();
    return coordinator;
  }

  /** What the next welcome says otherwise. */
  alter(change: Partial<Welcome>): void {
    Object.assign(this.#welcome, change);
  }

  async listen(): Promise<void> {
    this.#server = await serve(
      { unix: this.#address },
      {
        onAgent: (stream) => this.#onAgent(stream),
        getBlob: async function* (this: ScriptedCoordinator, hash: string) {
          this.#needStore();
          this.asked.push(hash);
          await this.blobsHeld;
          const bytes = this.blobs.get(hash);
          if (bytes === undefined) throw new Error(`no blob ${hash}`);
          for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
        }.bind(this),
        putBlob: async (hash, _size, chunks) => {
          this.#needStore();
          const parts: Uint8Array[] = [];
          for await (const chunk of chunks) parts.push(chunk);
          this.blobs.set(hash, Buffer.concat(parts));
          this.#heard();
        },
        watch: async () => {},
        cancel: async () => {},
        tunnel: (target, stream) => this.tunnels?.open(target, stream),
      },
    );
  }

  #needStore(): void {
    if (!this.isStoreAway) return;
    this.refused += 1;
    this.#heard();
    throw new OutflowError('database-unreachable', 'the database is being restarted');
  }

  /** As a coordinator that dies: its sessions end, nobody answers. */
  async goAway(): Promise<void> {
    for (const { stream } of this.connections) stream.end();
    await this.#server?.close();
    this.#server = undefined;
  }

  get #address(): string {
    return `unix:${path.join(this.directory, 'socket')}`;
  }

  /** `more`: what a local agent is told; nothing of it in the file that all allocations of a run share. */
  writeJoinFile(more: { workers?: number; allocation?: string }): void {
    const join = { addresses: [this.#address], run: 'testrun1', ...more };
    writeFileSync(this.joinFile, JSON.stringify(join), { mode: 0o600 });
  }

  start(environment: NodeJS.ProcessEnv = process.env, ...args: string[]): ChildProcess {
    const self = selfCommand('agent', '--join', this.joinFile, ...args);
    this.agent = spawn(self.command, self.args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    for (const stream of [this.agent.stdout, this.agent.stderr]) stream?.on('data', (chunk) => (this.agentLog += chunk));
    this.agent.on('exit', () => this.#heard());
    return this.agent;
  }

  #onAgent(stream: AgentStream) {
    const connection: Connection = { stream, hellos: [], isOpen: true };
    this.connections.push(connection);
    this.#steps.clear();
    return {
      onMessage: (message: AgentMessage) => {
        if (message.kind === 'hello') {
          connection.hellos.push(message.hello);
          if (!message.hello.more && this.welcomes) this.welcome();
        }
        if (message.kind === 'report') {
          this.reports.push(message.report);
          if (this.acknowledges) this.send({ kind: 'ack', ack: { seq: message.report.seq } });
        }
        if (message.kind === 'heartbeat') stream.send(message);
        else this.messages.push(message);
        this.#heard();
      },
      onClose: () => {
        connection.isOpen = false;
        this.#heard();
      },
    };
  }

  #heard(): void {
    for (const waiter of this.#waiters) waiter();
  }

  welcome(): void {
    this.send({ kind: 'welcome', welcome: { ...this.#welcome, epoch: this.epoch } });
  }

  send(message: CoordinatorMessage): void {
    this.connections.at(-1)?.stream.send(message);
  }

  /** Leases units of a step; introduces the step where it is needed. Gives their leases. */
  lease(
    id: string,
    elements: readonly (Record<string, unknown> | string)[] = [''],
    info: Partial<StepInfo> = {},
    first = 0,
  ): LeaseRef[] {
    const step = this.plan.workflow.steps.findIndex((planned) => planned.id === id);
    const planned = this.plan.workflow.steps[step];
    if (planned === undefined) throw new Error(`no step ${id} in ${this.plan.workflow.steps.map((it) => it.id).join(', ')}`);
    if (!this.#steps.has(step)) {
      this.#steps.add(step);
      const isMap = planned.kind === 'map';
      this.send({
        kind: 'step',
        step: {
          step,
          id,
          cpus: planned.kind === 'map' ? planned.cpusPerTask : 1,
          map: isMap,
          shared: '{}',
          noOutputs: false,
          isolate: planned.kind === 'task' && planned.options.isolate,
          memoryMib: 0,
          gpus: 0,
          timeMs: 0,
          ...info,
        },
      });
    }
    const leases = elements.map((_, at): LeaseRef => ({ step, index: first + at, epoch: this.epoch, n: this.n + at }));
    this.send({
      kind: 'leases',
      leases: {
        step,
        epoch: this.epoch,
        firstN: this.n,
        index: leases.map((lease) => lease.index),
        attempt: leases.map(() => 1),
        element: elements.map((element) => (typeof element === 'string' ? element : encodeValue(element))),
      },
    });
    this.n += elements.length;
    return leases;
  }

  /** Results so far, one a lease, in order of arrival. */
  get results(): Result[] {
    const seen = new Set<number>();
    return this.reports.flatMap((report) => {
      if (seen.has(report.seq)) return [];
      seen.add(report.seq);
      const succeeded = report.succeeded.flatMap(({ step, epoch, n, index, durationMs, output }) =>
        n.map((it, at): Result => {
          const lease = { step, epoch, n: it, index: index[at] as number };
          return { lease, durationMs: durationMs[at] as number, output: output[at] as string };
        }),
      );
      return [...succeeded, ...report.failed];
    });
  }

  get returned(): LeaseRef[] {
    return this.reports.flatMap((report) => report.returned);
  }

  get logs(): LogLine[] {
    return this.reports.flatMap((report) => report.logs);
  }

  get lines(): string[] {
    return this.logs.map((line) => line.text);
  }

  get demands(): Demand[] {
    return this.messages.flatMap((message) => (message.kind === 'demand' ? message.demand : []));
  }

  get started(): LeaseRef[] {
    return this.messages.flatMap((message) => (message.kind === 'started' ? message.started.units : []));
  }

  /** Resolves with what `condition` gives, as soon as that is something. */
  waitFor<T>(what: string, condition: () => T | undefined | null | false, withinMs = 20_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        const value = condition();
        if (value === undefined || value === null || value === false) return false;
        clearTimeout(deadline);
        clearInterval(poll);
        this.#waiters.delete(check);
        resolve(value);
        return true;
      };
      const deadline = setTimeout(() => {
        clearInterval(poll);
        this.#waiters.delete(check);
        reject(
          new Error(
            `waited ${withinMs} ms for ${what}; heard: ${JSON.stringify(this.messages).slice(0, 2_000)}; the agent: ${this.agentLog}`,
          ),
        );
      }, withinMs);
      const poll = setInterval(check, 20); // for conditions outside of messages: files, processes
      this.#waiters.add(check);
      check();
    });
  }

  /** The result of one lease. */
  resultOf(lease: LeaseRef | undefined): Promise<Result> {
    return this.waitFor(`the result of ${JSON.stringify(lease)}`, () =>
      this.results.find((result) => result.lease.n === lease?.n && result.lease.epoch === lease.epoch),
    );
  }

  resultsOf(leases: readonly LeaseRef[]): Promise<Result[]> {
    return Promise.all(leases.map((lease) => this.resultOf(lease)));
  }

  exitOf(agent = this.agent): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.waitFor('the end of the agent', () => {
      const { exitCode: code = null, signalCode: signal = null } = agent ?? {};
      return code === null && signal === null ? undefined : { code, signal };
    });
  }

  async close(): Promise<void> {
    if (this.agent && this.agent.exitCode === null && this.agent.signalCode === null) {
      this.agent.kill('SIGKILL');
      await this.exitOf();
    }
    await this.goAway();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
