// The coordinator's end of tunnels before a real server: who gets a connection, who waits, who is cut off, and that TLS passes.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Tunnels } from '../../src/coordinator/tunnels/tunnels.ts';
import { type Client, newClient, withClient } from '../../src/db/client.ts';
import { lazyDatabase } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { dialOf, viaSocketDirectory } from '../../src/db/url.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { issue } from '../../src/rpc/x509.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const database = testDatabase();
let directory: string;
let servers: Server[];
let clients: Client[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'of-'));
  servers = [];
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()));
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

/** A task host whose connections end at `tunnels`: gives the URL by which it sees the database. */
async function hostBefore(tunnels: Tunnels, host: number, url = database.url): Promise<string> {
  const own = path.join(directory, String(host));
  const seen = viaSocketDirectory(url, own);
  mkdirSync(own);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}); // as tunnels have it
    tunnels.open({ database: 'default', agent: 'a', host }, socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen((dialOf(seen) as { path: string }).path, resolve));
  return seen;
}

function clientOf(url: string): Client {
  const client = newClient(url, 0);
  clients.push(client);
  return client;
}

async function connected(url: string): Promise<Client> {
  const client = clientOf(url);
  await client.connect();
  return client;
}

test('a request to cancel does not wait for its turn', async () => {
  const tunnels = new Tunnels({ default: database.url }, 2);
  const url = await hostBefore(tunnels, 1);
  const [busy] = [await connected(url), await connected(url)];
  const late = clientOf(await hostBefore(tunnels, 2)).connect();
  await until(() => tunnels.waiting === 1);

  const { processID, secretKey } = busy as unknown as { processID: number; secretKey: number };
  const sleeping = busy.query('select pg_sleep(60)');
  // Postgres forgets a request that comes before the query has begun.
  await withClient(database.url, (observer) =>
    until(async () => {
      const active = "select from pg_stat_activity where pid = $1 and state = 'active'";
      return (await observer.query(active, [processID])).rowCount === 1;
    }),
  );
  const request = Buffer.alloc(16);
  for (const [at, value] of [16, 80_877_102, processID, secretKey].entries()) request.writeInt32BE(value, 4 * at);
  const told = new Promise((resolve) => {
    const socket: Socket = connect(dialOf(url) as { path: string });
    socket.resume().once('close', resolve);
    socket.write(request);
  });
  await expect(sleeping).rejects.toMatchObject({ code: '57014' });
  await told;
  expect({ used: tunnels.used, waiting: tunnels.waiting }).toEqual({ used: 2, waiting: 1 });
  await Promise.all(clients.slice(0, 2).map((client) => client.end()));
  await late;
});

test('what breaks while it waits is forgotten; what breaks in mid-query has its query cancelled, and counts until then', async () => {
  const tunnels = new Tunnels({ default: database.url }, 2);
  const streams: Duplex[] = [];
  const opened: Tunnels['open'] = tunnels.open.bind(tunnels);
  tunnels.open = (target, stream) => {
    streams.push(stream);
    opened(target, stream);
  };
  const client = await connected(await hostBefore(tunnels, 1));
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const ended = client.query('select pg_sleep(600)').catch(({ message }: Error) => message);
  const waiting = clientOf(await hostBefore(tunnels, 2))
    .connect()
    .catch(() => 'gone');
  await until(() => tunnels.waiting === 1);
  streams[1]?.destroy();
  expect(await waiting).toBe('gone');
  await until(() => tunnels.waiting === 0);
  streams[0]?.destroy();
  expect(await ended).toMatch(/terminated/);
  expect(tunnels.used).toBe(1);
  await until(() => tunnels.used === 0);
  await withClient(database.url, async (observer) => {
    const left = await observer.query('select from pg_stat_activity where pid = $1', [rows[0].pid]);
    expect(left.rowCount).toBe(0);
  });
});

test('who says nothing is cut off, and has held nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const tunnels = new Tunnels({ default: database.url }, 2);
    const [near, far] = duplexPair();
    near.on('error', () => {});
    const closed = new Promise<Error | undefined>((resolve) => {
      far.once('error', resolve);
    });
    tunnels.open({ database: 'default', agent: 'a', host: 1 }, far);
    near.write('abc'); // less than any first packet
    await new Promise(setImmediate);
    vi.advanceTimersByTime(LIMITS.tunnelStartMs);
    expect((await closed)?.message).toBe('nothing was said');
    expect(tunnels.used + tunnels.waiting).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a first packet that comes byte by byte is one all the same', async () => {
  const tunnels = new Tunnels({ default: database.url }, 2);
  const url = await hostBefore(tunnels, 1);
  const socket: Socket = connect(dialOf(url) as { path: string });
  const user = decodeURIComponent(new URL(database.url).username);
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0postgres\0\0`, 'latin1');
  const packet = Buffer.concat([Buffer.alloc(4), body]);
  packet.writeInt32BE(packet.length, 0);
  for (const byte of packet) {
    socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1', 0, 1)).toBe('R');
  socket.destroy();
  await until(() => tunnels.used === 0);
});

test('TLS goes through, and the certificate is that of the host behind', async () => {
  const valid = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 600_000) };
  const authority = await issue({ ...valid, use: 'authority', commonName: 'tests' });
  const { cert, key } = await issue({ ...valid, use: 'server', commonName: 'database.test' }, authority);
  const ca = path.join(directory, 'ca.pem');
  writeFileSync(ca, authority.cert);
  const context = createSecureContext({ cert, key });
  // The embedded server has no TLS: this one stands before it.
  const front = createServer((socket) => {
    socket.once('data', () => {
      socket.write('S');
      const plain = new TLSSocket(socket, { isServer: true, secureContext: context });
      const server = connect(dialOf(database.url) as { path: string });
      for (const end of [plain, server]) end.on('error', () => {});
      plain.pipe(server).pipe(plain);
    });
  });
  servers.push(front);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as { port: number };
  const tunnels = new Tunnels({ default: `postgresql://127.0.0.1:${port}/x` }, 2);
  const { username, pathname } = new URL(database.url);
  const seenAs = (host: string) => `postgresql://${username}@${host}:5432${pathname}?sslmode=require&sslrootcert=${ca}`;

  const right = lazyDatabase(() => hostBefore(tunnels, 1, seenAs('database.test')));
  expect(await right.oneFirst(sql.type(z.object({ x: z.int() }))`select 1 as x`)).toBe(1);
  await right.close();
  const wrong = lazyDatabase(() => hostBefore(tunnels, 2, seenAs('elsewhere.test')));
  await expect(wrong.oneFirst(sql.unsafe`select 1 as x`)).rejects.toThrow(/elsewhere\.test/);
});

// Else it is given back after 30 s.
test('a connection that nobody uses is given back soon, so that others have their turn', { timeout: 25_000 }, async () => {
  const tunnels = new Tunnels({ default: database.url }, 2);
  const urls = await Promise.all([1, 2, 3].map((host) => hostBefore(tunnels, host)));
  const databases = urls.map((url) => lazyDatabase(() => url));
  const all = databases.map((db, x) => db.oneFirst(sql.type(z.object({ x: z.int() }))`select ${x}::int4 as x`));
  expect(await Promise.all(all)).toEqual([0, 1, 2]);
  await until(() => tunnels.used === 0);
});
