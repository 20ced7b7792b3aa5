// Who may not call a coordinator gets nothing, and hurts nothing: a good agent's session beside goes on.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { stat } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LIMITS } from '../../../src/model/limits.ts';
import { CoordinatorClient } from '../../../src/rpc/client.ts';
import { dialFirst } from '../../../src/rpc/dial.ts';
import { SERVER_NAME, type TlsIdentity } from '../../../src/rpc/tls.ts';
import { Authority, type SecureRun, startSecureRun } from './secure-run.ts';

const MIB = 1024 * 1024;

let run: SecureRun;
const clients: CoordinatorClient[] = [];

beforeEach(async () => {
  run = await startSecureRun();
  await run.echo();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await run.echo();
  await run.close();
});

/** All that the other side said until the connection was closed. */
function heardOf(socket: Socket): Promise<Buffer> {
  const heard: Buffer[] = [];
  socket.on('data', (bytes) => heard.push(bytes)).on('error', () => {});
  return new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(heard))));
}

function overTls(options: ConnectionOptions): Promise<Buffer> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: run.port,
    servername: SERVER_NAME,
    ALPNProtocols: ['h2'],
    ...options,
  });
  socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
  return heardOf(socket);
}

test('without a certificate', async () => {
  expect(await overTls({ ca: run.agent.ca })).toHaveLength(0);
  expect(run.reached).toEqual([]);
});

test("with another run's certificate", async () => {
  const other = await (await Authority.create()).identity('client', 'agent');
  expect(await overTls({ ...other, ca: run.agent.ca })).toHaveLength(0);
  const dial = dialFirst([run.address], { ...other, ca: run.agent.ca });
  await expect(dial).rejects.toThrow('it does not take our certificate');
  // The agent of another run does not take this coordinator for its own either.
  await expect(dialFirst([run.address], other)).rejects.toThrow('it is not the coordinator of this run');
  expect(run.reached).toEqual([]);
});

test('with a certificate that has expired, or is not valid yet', async () => {
  for (const daysAway of [-30, 30]) {
    const late = await run.authority.identity('client', 'agent', daysAway);
    expect(await overTls(late)).toHaveLength(0);
    await expect(dialFirst([run.address], late)).rejects.toThrow('it does not take our certificate');
  }
  expect(run.reached).toEqual([]);
});

test('with a certificate that is for servers, whatever it is named', async () => {
  expect(await overTls(await run.authority.identity('server', 'agent'))).toHaveLength(0);
  expect(run.reached).toEqual([]);
});

test('with TLS 1.2', async () => {
  expect(await overTls({ ...run.agent, maxVersion: 'TLSv1.2' })).toHaveLength(0);
  expect(run.reached).toEqual([]);
});

test('an agent as somebody else', async () => {
  const other = await run.authority.identity('client', 'administrator');
  for (const tls of [run.agent, other]) {
    const client = await dial(tls);
    await expect(client.cancel({ now: true })).rejects.toThrow('PERMISSION_DENIED');
    await expect(client.agents()).rejects.toThrow('PERMISSION_DENIED');
    await expect(client.drain('a')).rejects.toThrow('PERMISSION_DENIED');
    await expect(all(client.watch({ logs: true }, AbortSignal.timeout(5_000)))).rejects.toThrow('PERMISSION_DENIED');
    await expect(closeOf((handlers) => client.openExec(handlers))).resolves.toThrow('PERMISSION_DENIED');
  }
  expect(run.reached).toEqual([]);
});

test('the CLI as an agent', async () => {
  const client = await dial(run.control);
  await expect(all(client.getBlob('a'))).rejects.toThrow('PERMISSION_DENIED');
  await expect(client.putBlob('a', Buffer.alloc(10 * MIB))).rejects.toThrow('PERMISSION_DENIED');
  await expect(closeOf((handlers) => client.openSession(handlers))).resolves.toThrow('PERMISSION_DENIED');
  await expect(closeOf((handlers) => client.openAgentExec(handlers))).resolves.toThrow('PERMISSION_DENIED');
  const socket = client.openTunnel({ database: 'default', agent: 'a', host: 1 });
  const broke = await new Promise<Error>((resolve) => socket.once('error', resolve));
  expect(broke.message).toContain('another role');
  expect(run.reached).toEqual([]);
  await client.cancel({ now: false });
  expect(run.reached).toEqual(['cancel']);
});

test('in plain text', async () => {
  const insecure = new CoordinatorClient({ address: run.address });
  clients.push(insecure);
  await expect(insecure.cancel({ now: true })).rejects.toThrow('UNAVAILABLE');
  const socket = connect(run.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect((await heardOf(socket)).includes('HTTP')).toBe(false);
  expect(run.reached).toEqual([]);
});

test('with garbage, before and after the handshake', async () => {
  const socket = connect(run.port, '127.0.0.1');
  for (let i = 0; i < 10; i++) socket.write(randomBytes(MIB));
  await heardOf(socket);
  const secure = connectTls({ ...run.agent, host: '127.0.0.1', port: run.port, servername: SERVER_NAME, ALPNProtocols: ['h2'] });
  secure.on('secureConnect', () => secure.write(randomBytes(MIB)));
  await heardOf(secure);
  expect(run.reached).toEqual([]);
});

test('a message of 1 GB, announced and sent, or small and unpacked to 200 MB', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * MIB));
  const before = process.memoryUsage().rss;
  const watched = peakMemory();
  expect(await send({ isCompressed: false, length: 1024 * MIB, body: Buffer.alloc(MIB), times: 1024 })).toBe('8');
  expect(await send({ isCompressed: true, length: bomb.length, body: bomb, times: 1 })).toBe('8');
  expect(watched() - before).toBeLessThan(150 * MIB);
});

test('many that never finish their handshake', async () => {
  const before = process.memoryUsage().rss;
  const watched = peakMemory();
  const sockets = Array.from({ length: LIMITS.handshakes * 2 }, () => connect(run.port, '127.0.0.1'));
  const ends = sockets.map((socket) => heardOf(socket));
  // The head of a TLS record, then a byte from time to time.
  for (const socket of sockets) socket.write(Buffer.of(0x16, 3, 1, 2, 0));
  const dribble = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(Buffer.of(0x16));
  }, 500);
  // The later half is still there; a good one is not kept out.
  await Promise.all(ends.slice(0, LIMITS.handshakes));
  await run.echo();
  (await dialFirst([run.address], run.agent)).close();
  await Promise.all(ends);
  clearInterval(dribble);
  expect(watched() - before).toBeLessThan(150 * MIB);
});

test('one that was in time, at a coordinator that is busy, is not cut off', async () => {
  const blockFor = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  // It takes a while to answer; meanwhile the server is blocked, for longer than a handshake may take.
  const onAccepted = (): void => {
    unsubscribe('net.server.socket', onAccepted);
    setTimeout(() => stat('/', () => blockFor(LIMITS.handshakeMs + 500)), 200); // as by other connections' messages
  };
  subscribe('net.server.socket', onAccepted);
  const script = `
    const { connect } = require('node:tls');
    const socket = connect(${JSON.stringify({ ...run.agent, host: '127.0.0.1', port: run.port, servername: SERVER_NAME, ALPNProtocols: ['h2'] })});
    socket.on('connect', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000));
    socket.on('data', () => process.exit(0));
    socket.on('close', () => process.exit(1));`;
  const peer = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  const [exitCode] = await once(peer, 'exit');
  expect(exitCode).toBe(0);
});

async function dial(tls: TlsIdentity): Promise<CoordinatorClient> {
  const client = await dialFirst([run.address], tls);
  clients.push(client);
  return client;
}

async function all(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

/** A function that throws the error with which a stream was closed. */
async function closeOf(open: (handlers: { onMessage: () => void; onClose: (error?: Error) => void }) => unknown) {
  const error = await new Promise<Error | undefined>((resolve) => open({ onMessage: () => {}, onClose: resolve }));
  return () => {
    throw error;
  };
}

/** The gRPC status that a message to a session ends with. */
function send(message: { isCompressed: boolean; length: number; body: Buffer; times: number }): Promise<string> {
  const session = connectHttp2(`https://${SERVER_NAME}:${run.port}`, {
    ...run.agent,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never),
  });
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/outflow.v1.AgentService/Session',
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    te: 'trailers',
    ...(message.isCompressed && { 'grpc-encoding': 'gzip' }),
  });
  const head = Buffer.alloc(5);
  head.writeUInt8(message.isCompressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  stream.write(head);
  let left = message.times;
  const more = (): void => {
    while (left > 0 && !stream.closed && !stream.destroyed) {
      left -= 1;
      if (!stream.write(message.body)) return void stream.once('drain', more);
    }
  };
  more();
  return new Promise((resolve, reject) => {
    let grpcStatus: unknown;
    const onHeaders = (headers: Record<string, unknown>): void => {
      grpcStatus ??= headers['grpc-status'];
    };
    stream.on('response', onHeaders).on('trailers', onHeaders).on('error', reject).resume();
    stream.on('end', () => {
      session.destroy();
      resolve(String(grpcStatus));
    });
  });
}

/** The highest resident size until asked. */
function peakMemory(): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 5);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
