// Interactive processes, agents and drains over real gRPC: what the CLI asks reaches the coordinator, and what it opens between
// CLI and agent carries all messages in order, to the last.
import { afterEach, expect, test } from 'vitest';
import type { CoordinatorClient } from '../../../src/rpc/client.ts';
import { dialFirst } from '../../../src/rpc/dial.ts';
import { type ExecInput, type ExecOutput, execEnd, execOutput } from '../../../src/rpc/exec-messages.ts';
import type { AgentStatus } from '../../../src/rpc/messages.ts';
import type { MessageStream, StreamHandlers } from '../../../src/rpc/streams.ts';
import { type SecureRun, startSecureRun } from './secure-run.ts';

const KIB = 1024;

let run: SecureRun;
const clients: CoordinatorClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await run.close();
});

async function dial(who: 'agent' | 'control'): Promise<CoordinatorClient> {
  const client = await dialFirst([run.address], run[who]);
  clients.push(client);
  return client;
}

/** What comes from one stream goes to the other, no faster than it is taken there. */
function forward<Message>(from: MessageStream<unknown>, to: MessageStream<Message>): StreamHandlers<Message> {
  to.onDrain(() => from.resume());
  return {
    onMessage: (message) => {
      to.send(message);
      if (!to.writable) from.pause();
    },
    onClose: () => to.end(),
  };
}

/** A coordinator that joins the one CLI and the one agent. */
async function startJoining(): Promise<void> {
  let cli: MessageStream<ExecOutput>;
  let toAgent: StreamHandlers<ExecInput>;
  const early: ExecInput[] = [];
  run = await startSecureRun({
    exec: (stream) => {
      cli = stream;
      stream.pause();
      return {
        onMessage: (message) => (toAgent ? toAgent.onMessage(message) : early.push(message)),
        onClose: () => toAgent?.onClose(),
      };
    },
    agentExec: (stream) => {
      toAgent = forward(cli, stream);
      for (const message of early) toAgent.onMessage(message);
      cli.resume();
      return forward(stream, cli);
    },
  });
}

test('input and output of a process, each in order, and its end last', async () => {
  await startJoining();
  const heard: ExecInput[] = [];
  const printed: ExecOutput[] = [];
  const over = Promise.withResolvers<Error | undefined>();
  const cli = (await dial('control')).openExec({ onMessage: (message) => printed.push(message), onClose: over.resolve });
  cli.send({ kind: 'request', request: { step: 1, index: 2, argv: ['cat'], term: '', size: null } });
  cli.send({ kind: 'data', data: Buffer.from('typed') });
  const agent = (await dial('agent')).openAgentExec({
    onMessage: (message) => {
      heard.push(message);
      if (message.kind !== 'data') return;
      for (let i = 0; i < 1_000; i++) agent.send(execOutput({ data: Buffer.alloc(4 * KIB, i) }));
      agent.send(execEnd({ code: 3 }));
      agent.end();
    },
    onClose: () => {},
  });
  expect(await over.promise).toBeUndefined();
  expect(heard).toMatchObject([
    { kind: 'request', request: { step: 1, index: 2, argv: ['cat'] } },
    { kind: 'data', data: Buffer.from('typed') },
  ]);
  expect(printed.slice(0, -1).map(({ data }) => [data.length, data[0]])).toEqual(
    Array.from({ length: 1_000 }, (_, i) => [4 * KIB, i % 256]),
  );
  expect(printed.at(-1)).toMatchObject({ end: { code: 3 } });
});

test('a CLI that goes takes the process with it', async () => {
  await startJoining();
  const cli = (await dial('control')).openExec({ onMessage: () => {}, onClose: () => {} });
  const asked = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  cli.send({ kind: 'request', request: { step: 1, index: 2, argv: [], term: 'xterm', size: { columns: 80, rows: 24 } } });
  (await dial('agent')).openAgentExec({ onMessage: () => asked.resolve(), onClose: () => gone.resolve() });
  await asked.promise;
  cli.close();
  await gone.promise;
});

test('agents, and the drain of one', async () => {
  const status: AgentStatus = {
    id: 'a1',
    host: 'node7',
    allocation: '1-1.0',
    job: '12_0',
    state: 'connected',
    cpus: 8,
    cpusUsed: 5,
    unitsDone: 100,
    unitsHeld: 6,
    secondsLeft: 59.5,
    memoryBytes: 2 ** 37,
    memoryUsedBytes: 2 ** 33,
    gpus: 2,
  };
  run = await startSecureRun({ agents: () => [status], drain: (agent) => (agent === 'a1' ? '' : `there is no agent ${agent}`) });
  const client = await dial('control');
  expect(await client.agents()).toEqual([status]);
  expect(await client.drain('a1')).toBe('');
  expect(await client.drain('a2')).toBe('there is no agent a2');
});
