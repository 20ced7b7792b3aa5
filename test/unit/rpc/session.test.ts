// A session over real gRPC on a Unix socket: what is said on one side is heard on the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CoordinatorClient } from '../../../src/rpc/client.ts';
import type { AgentMessage, CoordinatorMessage, WatchEvent } from '../../../src/rpc/messages.ts';
import { type AgentStream, type RunningServer, type ServerHandlers, serve, type WatchStream } from '../../../src/rpc/server.ts';
import { until } from '../../support/until.ts';

let directory: string;
let server: RunningServer;
let client: CoordinatorClient;
const blobs = new Map<string, Buffer>();
const heard: AgentMessage[] = [];
let onHeard: () => void = () => {};
let stream: AgentStream | undefined;
let taking = '';
let closed: Promise<void>;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'outflow rpc-'));
  const address = `unix:${path.join(directory, 's.sock')}`;
  blobs.clear();
  heard.length = 0;
  let close: () => void;
  closed = new Promise((resolve) => {
    close = resolve;
  });
  const handlers: ServerHandlers = {
    onAgent: (opened) => {
      stream = opened;
      return {
        onMessage: (message) => {
          heard.push(message);
          onHeard();
        },
        onClose: () => close(),
      };
    },
    async *getBlob(sha256) {
      const bytes = blobs.get(sha256);
      if (!bytes) throw new Error(`no blob ${sha256}`);
      for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
    },
    putBlob: async (sha256, size, chunks) => {
      taking = sha256;
      if (sha256 === 'never') return new Promise(() => {});
      const all: Uint8Array[] = [];
      for await (const chunk of chunks) all.push(chunk);
      expect(Buffer.concat(all)).toHaveLength(size);
      blobs.set(sha256, Buffer.concat(all));
    },
    watch: async ({ logs }, to) => {
      const { emit } = to;
      if (!logs) return fill(to);
      emit({ kind: 'notice', notice: { level: 'info', text: 'hello' } });
      emit({ kind: 'end', end: { state: 'succeeded', failure: null } });
    },
    cancel: async () => {},
  };
  server = await serve({ unix: address }, handlers);
  client = new CoordinatorClient({ address });
});

let filled = 0;

/** Says all that there is room for, and one thing more when there is room again. */
async function fill(to: WatchStream): Promise<void> {
  const text = 'x'.repeat(1 << 16);
  let said = 0;
  const drained = next<void>((resolve) => to.onDrain(resolve));
  // What goes out after a moment does not count: only when nothing goes any more, nobody reads.
  let full = 0;
  await until(() => {
    full = to.isWritable ? 0 : full + 1;
    for (; to.isWritable; said++) emitText(to, text);
    return full === 10;
  });
  filled = said;
  await drained;
  emitText(to, 'the last');
}

function emitText(to: WatchStream, text: string): void {
  to.emit({ kind: 'notice', notice: { level: 'info', text } });
}

afterEach(async () => {
  client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

function next<T>(subscribe: (listener: (value: T) => void) => void): Promise<T> {
  return new Promise(subscribe);
}

test('messages arrive whole and in order, both ways', async () => {
  const toAgent: CoordinatorMessage[] = [];
  const answered = next<CoordinatorMessage>((resolve) => {
    const session = client.openSession({
      onMessage: (message) => {
        toAgent.push(message);
        resolve(message);
      },
      onClose: () => {},
    });
    onHeard = () => heard.length === 2 && stream?.send({ kind: 'ack', ack: { seq: 2 ** 40 } });
    session.send({ kind: 'heartbeat', heartbeat: { atMs: 1.5 } });
    const output = ['[{"a":"\\u0000é"}]', ''];
    session.send({
      kind: 'report',
      report: {
        seq: 7,
        logs: [],
        succeeded: [{ step: 1, epoch: 3, n: [2 ** 39, 5], index: [0, 1], startedAtMs: [1, 2], durationMs: [0.5, 1], output }],
        failed: [],
        returned: [],
      },
    });
  });
  expect(await answered).toMatchObject({ kind: 'ack', ack: { seq: 2 ** 40 } });
  expect(heard).toMatchObject([
    { kind: 'heartbeat', heartbeat: { atMs: 1.5 } },
    { kind: 'report', report: { seq: 7, succeeded: [{ n: [2 ** 39, 5], output: ['[{"a":"\\u0000é"}]', ''] }] } },
  ]);
});

test('a client that goes closes its session', async () => {
  const session = client.openSession({ onMessage: () => {}, onClose: () => {} });
  session.send({ kind: 'heartbeat', heartbeat: { atMs: 1 } });
  await next<void>((resolve) => {
    onHeard = () => resolve();
  });
  session.close();
  await closed;
});

test('a blob of many chunks comes back as it was put', async () => {
  const bytes = Buffer.alloc(5 * (1 << 20) + 17, 'x');
  await client.putBlob('abc', bytes);
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.getBlob('abc')) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});

test('a blob that nobody takes is an error as soon as the connection is given up', async () => {
  const put = client.putBlob('never', Buffer.alloc(10));
  await until(() => taking === 'never');
  client.close();
  await expect(put).rejects.toThrow();
});

test('an unknown blob is an error of the caller', async () => {
  await expect(async () => {
    for await (const _chunk of client.getBlob('nope'));
  }).rejects.toThrow('no blob nope');
});

test('a watch ends when the server has said all', async () => {
  const events: WatchEvent[] = [];
  for await (const event of client.watch({ logs: true }, AbortSignal.timeout(5_000))) events.push(event);
  expect(events).toMatchObject([{ kind: 'notice' }, { kind: 'end', end: { state: 'succeeded' } }]);
});

test('that a watcher does not read is seen, and that it reads again', async () => {
  const events = client.watch({ logs: false }, AbortSignal.timeout(20_000))[Symbol.asyncIterator]();
  await events.next();
  await until(() => filled > 0);
  let read = 1;
  while (!(await events.next()).done) read += 1;
  expect(read).toBe(filled + 1);
});

test('what a coordinator of an older version cannot do is told so', async () => {
  const older = expect.objectContaining({ code: 'coordinator-failed', message: expect.stringContaining('of an older outflow') });
  await expect(client.agents()).rejects.toEqual(older);
  const closed = await next<Error | undefined>((resolve) => {
    client.openExec({ onMessage: () => {}, onClose: resolve });
  });
  expect(closed).toEqual(older);
});
