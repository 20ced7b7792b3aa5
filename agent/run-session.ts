// The life of an agent from the join file to its end: its parts, wired.
import { materializeBundle } from '../src/loader/materialize.ts';
import { LIMITS } from '../src/model/limits.ts';
import { prepareSessions } from '../src/rpc/client.ts';
import type { Welcome } from '../src/rpc/messages.ts';
import { Agent, type AgentEnd } from './agent.ts';
import { Blobs } from './blobs.ts';
import { chooseCpus } from './cpus/choose.ts';
import type { HostPool } from './hosts/host-pool.ts';
import { type JoinFile, rereadJoinFile } from './join-file.ts';
import { Link } from './link.ts';
import { Outbox } from './outbox.ts';
import type { Scratch } from './scratch.ts';
import { Slots } from './slots.ts';
import type { BeginMessage } from './wire/messages.ts';
import { Work } from './work.ts';

// This is loaded while the coordinator still waits for its run.
prepareSessions();

export interface SessionOptions {
  joinFile: string;
  join: JoinFile;
  id: string;
  scratch: Scratch;
  pool: HostPool;
  /** Aborted: leave soon. */
  leaving: AbortSignal;
}

export async function runSession({ joinFile, join, id, scratch, pool, leaving }: SessionOptions): Promise<AgentEnd> {
  const claims = chooseCpus(join.workers);
  const slots = new Slots(join.workers, claims?.cpus ?? null);
  const outbox = new Outbox(LIMITS);
  const blobs = new Blobs(scratch.blobDir, () => agent.connected());
  const work = new Work({ slots, outbox, blobs, pool, onChange: () => agent.onChange() });
  let last = join;
  const address = (): string => {
    last = rereadJoinFile(joinFile, last);
    return last.address;
  };
  const link = new Link(address, {
    onOpen: () => agent.onOpen(),
    onMessage: (message) => agent.onMessage(message),
    onClose: () => agent.onClose(),
    onDrain: () => agent.onChange(),
  });
  const prepare = async (welcome: Welcome): Promise<void> => work.begin(await beginMessage(welcome, blobs), welcome.maxRunning);
  const agent: Agent = new Agent({ id, join, slots: slots.total, link, outbox, work, prepare });
  const linked = link.run();
  onAbort(leaving, () => {
    agent.leave(LIMITS.leaveGraceMs);
    setTimeout(() => agent.end({ kind: 'done' }), 2 * LIMITS.leaveGraceMs).unref(); // whether or not it is acknowledged
  });
  try {
    return await agent.ended;
  } finally {
    agent.stop();
    link.stop();
    claims?.release();
    await linked;
  }
}

async function beginMessage(welcome: Welcome, blobs: Blobs): Promise<BeginMessage> {
  const { run, command, args, planHash, bundleHash, pipelineDir, workdir, databases } = welcome;
  const bundlePath = await materializeBundle({ hash: bundleHash, bytes: () => blobs.read(bundleHash), pipelineDir });
  return {
    kind: 'begin',
    run,
    command,
    args,
    planHash,
    bundleHash,
    pipelineDir,
    workdir,
    databases,
    bundlePath,
    blobDir: blobs.directory,
  };
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
