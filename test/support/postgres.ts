// Postgres for tests: one embedded server for all test files, a new database for each; servers of their own where a test needs one.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from 'vitest';
import { type Client, newClient } from '../../src/db/client.ts';
import { withDatabase } from '../../src/db/url.ts';
import { ensureServer } from '../../src/store/embedded/server.ts';
import { connectStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { RunRecord } from '../../src/store/types.ts';
import { openTmpdir } from './open-tmpdir.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const program = path.join(root, 'test', 'support', 'program.ts');

/** The shared server stops by itself about a second after the last test; its data stay, which spares making them again. */
function sharedHome(): string {
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 8);
  return path.join(tmpdir(), `outflow-tests-${userInfo().uid}-${hash}`);
}

/** Points this process and its children at the state root `home`. */
function useHome(home: string): void {
  process.env['OUTFLOW_HOME'] = home;
  process.env['OUTFLOW_SELF'] = program;
  process.env['OUTFLOW_DB_IDLE'] = '0';
  delete process.env['OUTFLOW_DATABASE_URL'];
}

/** Makes a database for this test file; `url` is there from the first test on. */
export function testDatabase(): { readonly url: string } {
  const made = { url: '' };
  const name = `test_${randomBytes(6).toString('hex')}`;
  let maker: Client | undefined;
  beforeAll(async () => {
    useHome(sharedHome());
    const server = await makeDatabase(name);
    maker = server.client;
    made.url = withDatabase(server.url, name);
  });
  afterAll(async () => {
    await maker?.query(`drop database if exists ${name} with (force)`);
    await maker?.end();
  });
  return made;
}

/** The server of another test file may be stopping in this very moment. With the client that is given it stays. */
async function makeDatabase(name: string): Promise<{ url: string; client: Client }> {
  for (let attempt = 1; ; attempt++) {
    const { url } = await ensureServer();
    const client = newClient(url, 20_000);
    try {
      await client.connect();
      await client.query(`create database ${name}`);
      return { url, client };
    } catch (error) {
      await client.end().catch(() => {});
      if (attempt === 3) throw error;
    }
  }
}

/** A store with its tables in a database of this test file. */
export function testStore(): { readonly url: string; readonly store: Store } {
  const database = testDatabase();
  let store: Store | undefined;
  beforeAll(async () => {
    store = await connectStore({ url: database.url, migrate: true });
  });
  afterAll(async () => {
    await store?.close();
  });
  return {
    get url() {
      return database.url;
    },
    get store() {
      return store as Store;
    },
  };
}

const BUNDLE = new TextEncoder().encode('export {};');

/** An accepted run with an id of its own. */
export async function acceptRun(store: Store, changes: Partial<RunRecord> = {}): Promise<string> {
  const record: RunRecord = {
    id: randomBytes(5).toString('hex'),
    createdAt: new Date(),
    command: 'compute',
    pipelineFile: '/project/pipeline.ts',
    workdir: '/project',
    args: '{}',
    plan: '{}',
    planHash: 'abc',
    bundleHash: createHash('sha256').update(BUNDLE).digest('hex'),
    backend: 'parallel',
    workers: null,
    slurm: null,
    runDir: '/state/runs/x',
    host: 'here',
    user: 'me',
    outflowVersion: '0.1.0',
    ...changes,
  };
  await store.createRun(record, BUNDLE);
  return record.id;
}

/** An empty state root of its own; removed at the end, whereupon a server in it stops. */
export function ownHome(name = 'home'): { readonly home: string } {
  const parent = path.join(openTmpdir(), `outflow-own-${randomBytes(5).toString('hex')}`);
  const home = path.join(parent, name);
  beforeAll(() => {
    mkdirSync(parent, { mode: 0o700 });
    useHome(home);
  });
  afterAll(() => rmSync(parent, { recursive: true, force: true, maxRetries: 5 }));
  return { home };
}

export type Answer = { ok: any; error?: undefined } | { ok?: undefined; error: { code: string; message: string } };

/** All that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Runs one of the programs in `program.ts` in a process of its own. */
export async function runProgram(...args: string[]): Promise<Answer> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as Answer;
}

/** Starts one and gives its pid, for tests that kill it. */
export function startProgram(name: string, { idleSeconds = 0 } = {}) {
  const env = { ...process.env, OUTFLOW_DB_IDLE: String(idleSeconds) };
  return spawn(process.execPath, [program, name], { stdio: 'ignore', env });
}
