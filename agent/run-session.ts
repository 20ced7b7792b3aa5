// The life of an agent from the join file to its end: its parts, wired.
import { hostname } from 'node:os';
import { foundBundle } from '../src/loader/materialize.ts';
import { LIMITS } from '../src/model/limits.ts';
import type { Welcome } from '../src/rpc/messages.ts';
import { Agent, type AgentEnd } from './agent.ts';
import { BlobFiles } from './blob-files.ts';
import { Blobs } from './blobs.ts';
import { chooseOffer } from './cpus/choose.ts';
import { coresOf } from './cpus/cores.ts';
import { Deadline } from './deadline.ts';
import { Execs } from './exec/execs.ts';
import { placeOf } from './exec/unit-place.ts';
import { fetchBundle } from './fetch-bundle.ts';
import { hostEnvironment } from './hosts/environment.ts';
import type { HostPool } from './hosts/host-pool.ts';
import { type JoinFile, rereadJoinFile } from './join-file.ts';
import { Link } from './link.ts';
import { narrator } from './narrator.ts';
import { Outbox } from './outbox.ts';
import type { Scratch } from './scratch.ts';
import { Slots } from './slots.ts';
import { Tunnels } from './tunnels/tunnels.ts';
import type { BeginMessage } from './wire/messages.ts';
import { Work } from './work.ts';

/** After a signal to leave, the last reports have this long to be acknowledged. */
const ACKNOWLEDGE_MS = 1_000;

export interface SessionOptions {
  joinFile: string;
  join: JoinFile;
  /** "": of none. */
  allocation: string;
  /** Of what this process runs. */
  programHash: string;
  /** CPU slots; undefined: what is granted. */
  workers: number | undefined;
  id: string;
  scratch: Scratch;
  pool: HostPool;
  /** Ends process groups when this process is killed. */
  watch: { add(group: number): void; remove(group: number): void };
  /** Aborted: leave soon. */
  leaving: AbortSignal;
}

export async function runSession({
  joinFile,
  join,
  allocation,
  programHash,
  workers,
  id,
  scratch,
  pool,
  watch,
  leaving,
}: SessionOptions): Promise<AgentEnd> {
  const offer = chooseOffer(workers);
  const { cpus, memoryMib, gpus } = offer;
  const slots = new Slots({ slots: offer.slots, cores: cpus && coresOf(cpus), memoryMib, gpus });
  const outbox = new Outbox(LIMITS);
  const blobs = new Blobs(new BlobFiles(scratch.blobDir, LIMITS.unusedBlobBytes), () => agent.connected());
  const deadline = new Deadline(LIMITS);
  const settleMs = offer.isSlurm ? LIMITS.signalSettleMs : 0;
  const work = new Work({ slots, outbox, blobs, pool, deadline, settleMs, onChange: () => agent.onChange() });
  let last = join;
  const where = (): JoinFile => {
    last = rereadJoinFile(joinFile, last);
    return last;
  };
  // Into the job's output: the only place where an agent that reaches nobody can be heard.
  let complaint = '';
  const complain = ({ message }: Error): void => {
    if (message !== complaint) console.error(`outflow: the agent on ${hostname()} dials again: ${message}`);
    complaint = message;
  };
  const link = new Link(where, {
    onOpen: () => agent.onOpen(),
    onMessage: (message) => agent.onMessage(message),
    onClose: () => agent.onClose(),
    onDrain: () => agent.onChange(),
    onUnreachable: complain,
  });
  const { joined, left, waiting } = narrator(allocation === '');
  const found = waiting(
    () => `no coordinator of run ${join.run} answers yet${link.lastFailure ? `: ${(link.lastFailure as Error).message}` : ''}`,
  );
  const prepare = async (welcome: Welcome): Promise<void> => {
    found();
    joined(id, welcome.run, offer.slots);
    pool.useEnvironment(hostEnvironment(process.env, welcome.environment, offer.isSlurm));
    pool.startAhead();
    const tunnels = welcome.tunnel ? new Tunnels(scratch.tunnelDir, id, () => agent.connected()) : undefined;
    work.begin(await beginMessage(welcome, blobs), welcome.maxRunning, tunnels);
  };
  const execs = new Execs({
    client: () => link.client,
    placeOf: (step, index) => placeOf(work.dispatcher.lanes, { step, index }),
    wrap: (command, bound) => pool.programs.wrap(command, bound),
    watch,
  });
  const openExec = execs.open.bind(execs);
  const agent: Agent = new Agent({ id, allocation, programHash, offer, link, outbox, work, deadline, openExec, prepare });
  if (offer.warning !== '') work.warn(offer.warning);
  const linked = link.run();
  onAbort(leaving, () => {
    agent.onSignal('SIGTERM');
    const mostMs = Math.max(LIMITS.leaveGraceMs, LIMITS.leaveCauseMs) + ACKNOWLEDGE_MS;
    setTimeout(() => agent.end({ kind: 'done' }), mostMs).unref();
  });
  try {
    const end = await agent.ended;
    if (end.kind === 'done') left(work.unitsDone);
    return end;
  } finally {
    found();
    agent.stop();
    await execs.stop();
    link.stop();
    offer.release();
    await linked;
  }
}

async function beginMessage(welcome: Welcome, blobs: Blobs): Promise<BeginMessage> {
  const { run, command, args, planSum, bundleHash, pipelineDir, workdir, databases } = welcome;
  const bundle = { hash: bundleHash, bytes: () => blobs.read(bundleHash), pipelineDir };
  const bundlePath = await fetchBundle(bundle);
  setInterval(() => void foundBundle(bundle).catch(() => {}), LIMITS.programTouchMs).unref(); // it is in use
  return {
    kind: 'begin',
    run,
    command,
    args,
    planSum,
    pipelineDir,
    workdir,
    databases,
    bundlePath,
    blobDir: blobs.directory,
    variables: {},
  };
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
