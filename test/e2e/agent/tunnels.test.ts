// Tasks on hosts that reach no Postgres: agents with a tunnel each to one coordinator's end, before a real server.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tunnels } from '../../../src/coordinator/tunnels/tunnels.ts';
import { type Client, newClient, withClient } from '../../../src/db/client.ts';
import { withDatabase } from '../../../src/db/url.ts';
import { ensureServer } from '../../../src/store/embedded/server.ts';
import { makeWorld, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, outOf } from './with-agent.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/database.ts');
const MOST = 16;

let world: World;
let url: string;
let observer: Client;

beforeAll(async () => {
  world = makeWorld();
  process.env['OUTFLOW_HOME'] = world.home;
  const server = await ensureServer();
  url = withDatabase(server.url, 'tunnelled');
  await withClient(server.url, (client) => client.query('create database tunnelled'));
  observer = newClient(url, 5_000);
  await observer.connect();
  await observer.query('create table counter (id int primary key, n int8 not null)');
  await observer.query('insert into counter select i, 0 from generate_series(0, 63) i');
  await observer.query('create table notes (unit int primary key)');
});
afterAll(async () => {
  await observer?.end();
  await world?.end();
});

/** An agent whose only way to the databases is `tunnels`. */
async function tunnelled(
  tunnels: Tunnels,
  databases: Record<string, string>,
  workers: number,
  work: (coordinator: ScriptedCoordinator) => Promise<void>,
): Promise<void> {
  const coordinator = await ScriptedCoordinator.create(FIXTURE, 'acts');
  try {
    coordinator.tunnels = tunnels;
    // Nothing but the tunnel knows where they are.
    const hidden = Object.entries(databases).map(([name, it]) => [name, it.replace(/@[^/]*\//, '@database.invalid:5432/')]);
    coordinator.alter({ tunnel: true, databases: Object.fromEntries(hidden) });
    coordinator.writeJoinFile({ workers });
    coordinator.start();
    await coordinator.waitFor('the hello', () => coordinator.connections.at(-1)?.hellos.at(-1)?.more === false);
    await work(coordinator);
  } finally {
    await coordinator.close();
  }
}

async function connections(): Promise<number> {
  const { rows } = await observer.query(
    "select count(*)::int4 as n from pg_stat_activity where application_name = 'outflow task'",
  );
  return rows[0].n;
}

test('databases are reached by their names, and one that is missing is made', async () => {
  const databases = { default: url, other: withDatabase(url, 'made_by_a_task') };
  await tunnelled(new Tunnels(databases, MOST), databases, 2, async (coordinator) => {
    const [select, elsewhere] = await coordinator.resultsOf(
      coordinator.lease('map', [act('select', { n: 7 }), act('elsewhere')]),
    );
    expect(outOf(select as never)).toBe(7);
    expect(outOf(elsewhere as never)).toBe('made_by_a_task');
  });
});

test('64 units at once on 4 agents, each with a query beside its transaction, share 16 connections', async () => {
  const tunnels = new Tunnels({ default: url }, MOST);
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) most = Math.max(most, await connections());
  })();
  const done = await Promise.allSettled(
    [0, 1, 2, 3].map((agent) =>
      tunnelled(tunnels, { default: url }, 16, async (coordinator) => {
        const units = Array.from({ length: 16 }, () => act('beside'));
        const results = await coordinator.resultsOf(coordinator.lease('map', units, {}, 16 * agent));
        expect(results.map(({ failure }) => failure)).toEqual(Array(16).fill(undefined));
      }),
    ),
  );
  isOver = true;
  await watching;
  for (const it of done) if (it.status === 'rejected') throw it.reason;
  const { rows } = await observer.query('select sum(n)::int4 as n from counter');
  expect(rows[0].n).toBe(64);
  expect(most).toBe(MOST);
  await until(() => tunnels.used + tunnels.waiting === 0);
  await until(async () => (await connections()) === 0);
});

test('a unit whose tunnel breaks in mid-query is lost, however it tells it; its query is cancelled', async () => {
  const tunnels = new Tunnels({ default: url }, MOST);
  await tunnelled(tunnels, { default: url }, 4, async (coordinator) => {
    const began = (name: string) => path.join(coordinator.directory, name);
    const leases = coordinator.lease('map', [
      act('sleep', { began: began('a'), seconds: 60 }),
      act('sleepAndWrap', { began: began('b') }),
      act('sleepAndExit', { began: began('c') }),
      act('throwLater', { began: began('d'), ms: 1_500 }),
    ]);
    await coordinator.waitFor('the units', () => ['a', 'b', 'c', 'd'].every((name) => existsSync(began(name))));
    await coordinator.goAway();
    coordinator.epoch = 2;
    await coordinator.listen();
    const failures = await Promise.all(
      leases.map((lease) =>
        coordinator.waitFor('a failure', () => coordinator.results.find((result) => result.lease.n === lease.n)?.failure),
      ),
    );
    expect(failures.map(({ cause }) => cause)).toEqual(['agent-lost', 'agent-lost', 'agent-lost', 'exception']);
    expect(failures[1]?.message).toBe('its connection to the database was lost on the way: could not sleep');
    await until(async () => (await connections()) === 0);
  });
});

test('a connection that the database ends is a failure of the unit', async () => {
  await tunnelled(new Tunnels({ default: url }, MOST), { default: url }, 1, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('endItself')]));
    expect(result?.failure?.cause).toBe('exception');
  });
});

test('a database that is not there is told by its reason', async () => {
  const nowhere = 'postgresql://me@127.0.0.1:1/x';
  await tunnelled(new Tunnels({ default: nowhere }, MOST), { default: nowhere }, 1, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('select', { n: 1 })]));
    expect(result?.failure).toMatchObject({ cause: 'exception', message: expect.stringContaining('ECONNREFUSED') });
    expect(result?.failure?.message).toContain('me@database.invalid:5432/x');
  });
});

test('a query that begins while there is no coordinator, or waits for its turn as it goes, is answered by the next one', async () => {
  const tunnels = new Tunnels({ default: url }, 2);
  await tunnelled(tunnels, { default: url }, 2, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const [sleeping] = coordinator.lease('map', [act('sleep', { began, seconds: 60 })]);
    await coordinator.waitFor('the first', () => existsSync(began));
    const [waiting] = coordinator.lease('map', [act('select', { n: 2 })], {}, 1);
    await until(() => tunnels.waiting === 1);
    await coordinator.goAway();
    expect(tunnels.waiting).toBe(0);
    coordinator.epoch = 2;
    await coordinator.listen();
    const result = await coordinator.waitFor('the second', () => coordinator.results.find(({ lease }) => lease.n === waiting?.n));
    expect(outOf(result)).toBe(2);
    await coordinator.waitFor('the first', () => coordinator.results.find(({ lease }) => lease.n === sleeping?.n)?.failure);
  });
});

test('a unit that is ended gives its connections back, and its query ends', async () => {
  const tunnels = new Tunnels({ default: url }, MOST);
  await tunnelled(tunnels, { default: url }, 1, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const units = coordinator.lease('map', [act('sleep', { began, seconds: 600 })]);
    await coordinator.waitFor('the unit', () => existsSync(began));
    coordinator.send({ kind: 'cancel', cancel: { units, graceMs: 0 } });
    await coordinator.resultsOf(units);
    await until(async () => tunnels.used === 0 && (await connections()) === 0);
  });
});
