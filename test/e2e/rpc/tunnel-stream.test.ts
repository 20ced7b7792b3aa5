// A tunnel over real gRPC behaves as a TCP connection does: all bytes in order, half-close, back-pressure, and a break that both
// sides notice.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CoordinatorClient } from '../../../src/rpc/client.ts';
import { dialFirst } from '../../../src/rpc/dial.ts';
import type { TunnelTarget } from '../../../src/rpc/messages.ts';
import { type SecureRun, startSecureRun } from './secure-run.ts';

const MIB = 1024 * 1024;
const TARGET = { database: 'default', agent: 'a1', host: 3 };

let run: SecureRun;
let client: CoordinatorClient;
let served: Promise<{ target: TunnelTarget; far: Duplex }>;

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<{ target: TunnelTarget; far: Duplex }>();
  served = promise;
  run = await startSecureRun({ tunnel: (target, far) => resolve({ target, far }) });
  client = await dialFirst([run.address], run.agent);
});

afterEach(async () => {
  client.close();
  await run.close();
});

test('the target is known before any bytes, which then go both ways', async () => {
  const near = client.openTunnel(TARGET);
  const { target, far } = await served;
  expect(target).toEqual(TARGET);
  far.write('from far');
  expect(String((await once(near, 'data'))[0])).toBe('from far');
  near.write('from near');
  expect(String((await once(far, 'data'))[0])).toBe('from near');
});

for (const direction of ['from the agent', 'to the agent'] as const) {
  test(`100 MB ${direction}, to a reader who waits until the writer is stuck: all arrive, little lies in memory`, {
    timeout: 60_000,
  }, async () => {
    const near = client.openTunnel(TARGET);
    const { far } = await served;
    const [writer, reader] = direction === 'from the agent' ? [near, far] : [far, near];
    const block = randomBytes(MIB);
    const wanted = createHash('sha256');
    let peak = 0;
    let ahead = 0;
    const before = process.memoryUsage().rss;
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        wanted.update(block);
        ahead += MIB;
        if (!writer.write(block)) await once(writer, 'drain');
      }
      writer.end();
    })();
    const got = createHash('sha256');
    let most = 0;
    let read = 0;
    for await (const bytes of reader as AsyncIterable<Buffer>) {
      got.update(bytes);
      most = Math.max(most, ahead);
      ahead -= bytes.length;
      peak = Math.max(peak, process.memoryUsage().rss);
      read += bytes.length;
      if (read > MIB) {
        read = 0;
        await vi.waitUntil(() => writer.writableNeedDrain || writer.writableEnded, { interval: 1, timeout: 40_000 });
      }
    }
    await writing;
    expect(got.digest('hex')).toBe(wanted.digest('hex'));
    expect(most).toBeLessThan(8 * MIB);
    expect(peak - before).toBeLessThan(100 * MIB);
  });
}

test('who has said all still hears the rest', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  near.end('question');
  expect(await textOf(far)).toBe('question');
  far.write('a long ');
  far.end('answer');
  expect(await textOf(near)).toBe('a long answer');
  await Promise.all([closed(near), closed(far)]);
  expect([near.errored, far.errored]).toEqual([null, null]);
});

test('the far side may be the first to end', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  far.end('banner');
  expect(await textOf(near)).toBe('banner');
  near.end('noted');
  expect(await textOf(far)).toBe('noted');
  await Promise.all([closed(near), closed(far)]);
  expect([near.errored, far.errored]).toEqual([null, null]);
});

test('what the coordinator breaks is broken for the agent, with its reason', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  far.destroy(new Error('Postgres is gone'));
  const error = await errorOf(near);
  expect(error).toMatchObject({ code: 'ECONNRESET', message: 'the tunnel broke: Postgres is gone' });
});

test('what the agent breaks, or drops with its connection, is broken for the coordinator', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  near.destroy();
  expect(await errorOf(far)).toMatchObject({ code: 'ECONNRESET' });
});

test('a connection that is closed takes its tunnels with it, on both sides', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  near.write(Buffer.alloc(MIB)); // nobody reads it
  client.close();
  expect(await errorOf(far)).toMatchObject({ code: 'ECONNRESET' });
  expect(await errorOf(near)).toMatchObject({ code: 'ECONNRESET' });
});

test('a server that stops breaks its tunnels', async () => {
  const near = client.openTunnel(TARGET);
  await served;
  const broke = errorOf(near);
  await run.close();
  expect(await broke).toMatchObject({ code: 'ECONNRESET' });
  run = await startSecureRun();
});

test('a break nobody listens for is no crash', async () => {
  const near = client.openTunnel(TARGET);
  const { far } = await served;
  far.destroy(new Error('gone'));
  await closed(near);
});

async function textOf(socket: Duplex): Promise<string> {
  let text = '';
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) text += String(bytes);
  return text;
}

function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', resolve)));
}

async function errorOf(socket: Duplex): Promise<Error | null> {
  await closed(socket);
  return socket.errored;
}
