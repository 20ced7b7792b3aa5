// Dialling several addresses at once: the first good one is taken, whatever the others do; else each has its reason.
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dialFirst } from '../../../src/rpc/dial.ts';
import { until } from '../../support/until.ts';
import { type SecureRun, startSecureRun } from './secure-run.ts';

let run: SecureRun;
let silent: Server;
let silentAddress: string;
const connected = new Set<string>();

beforeEach(async () => {
  run = await startSecureRun();
  silent = createServer((socket) => {
    connected.add('silent');
    socket.resume();
    socket.on('error', () => {}).on('close', () => connected.delete('silent'));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
});

afterEach(async () => {
  silent.close();
  await run.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the one that answers is taken, though others are silent, closed, unknown or of another run', async () => {
  const other = await startSecureRun();
  const addresses = [silentAddress, `127.0.0.1:${await freePort()}`, 'no-such-host.invalid:1', other.address, run.address];
  const client = await dialFirst(addresses, run.agent);
  expect(client.address).toBe(run.address);
  client.close();
  await other.close();
  await until(() => connected.size === 0);
});

test('when none answers, the reason of each is said', async () => {
  const other = await startSecureRun();
  const closed = `127.0.0.1:${await freePort()}`;
  const reasons = async (addresses: string[], eachMs: number): Promise<string> => {
    const dial = dialFirst(addresses, run.agent, { eachMs });
    return (
      await dial.then(
        () => new Error('it answered'),
        (error: Error) => error,
      )
    ).message;
  };
  const message =
    (await reasons([closed, other.address], 60_000)) + (await reasons([silentAddress, 'no-such-host.invalid:1'], 1_000));
  expect(message).toContain(`${silentAddress}: no answer within 1 s`);
  expect(message).toContain(`${closed}: nobody listens there (connect ECONNREFUSED`);
  expect(message).toMatch(
    /no-such-host\.invalid:1: (this host does not know that name|the name service does not answer|no answer within)/,
  );
  expect(message).toContain(`${other.address}: it is not the coordinator of this run`);
  await other.close();
});

test('a dial that is given up ends at once', async () => {
  const abort = new AbortController();
  const dial = dialFirst([silentAddress], run.agent, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(dial).rejects.toThrow('enough');
  await until(() => connected.size === 0);
});

test('a proxy in the environment is not asked', async () => {
  const before = { ...process.env };
  process.env.http_proxy = `http://${silentAddress}`;
  process.env.https_proxy = process.env.http_proxy;
  process.env.grpc_proxy = process.env.http_proxy;
  try {
    (await dialFirst([run.address], run.agent)).close();
  } finally {
    process.env = before;
  }
});

test('a range of ports: the first free one', async () => {
  const taken = Number(silentAddress.split(':')[1]);
  const beside = await startSecureRun({}, { from: taken, to: taken + 50 });
  expect(beside.port).toBeGreaterThan(taken);
  await beside.close();
  await expect(startSecureRun({}, { from: taken, to: taken })).rejects.toThrow(
    `no port from ${taken} to ${taken} is free on 127.0.0.1`,
  );
});

test('200 that dial at the same moment are all taken', async () => {
  const dials = Array.from({ length: 200 }, () => dialFirst([run.address], run.agent, { eachMs: 60_000 }));
  for (const client of await Promise.all(dials)) client.close();
});
