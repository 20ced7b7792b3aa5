// What goes wrong with a database in mid-run: it is full, gone, or cuts the connection; the same batch is committed in the end.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { ensureServer } from '../../src/store/embedded/server.ts';
import { stopServer } from '../../src/store/embedded/status.ts';
import { connectStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { CommitBatch } from '../../src/store/types.ts';
import { acceptRun, ownHome } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const own = ownHome();
afterEach(async () => {
  await stopServer({ force: true });
  process.env['OUTFLOW_HOME'] = own.home;
});

const batchOf = (commitId: number, count: number, output: string): CommitBatch => {
  const all = <T>(value: T) => Array.from({ length: count }, () => value);
  const index = Array.from({ length: count }, (_, i) => commitId * count + i);
  return {
    commitId,
    units: [
      {
        step: 0,
        state: 'succeeded',
        agent: 'a',
        index,
        attempt: all(1),
        startedAtMs: all(1),
        durationMs: all(1),
        output: all(output),
        failure: all(null),
      },
    ],
    logs: [{ step: 0, index: 0, attempt: 1, seq: commitId, atMs: 1, stream: 'log', level: 'info', text: `batch ${commitId}` }],
  };
};

async function heldRun(store: Store): Promise<string> {
  const run = await acceptRun(store);
  await store.takeRun(run, { host: 'h', pid: 1, address: 'a' }, 60_000);
  return run;
}

/** Commits again and again until it works; gives the codes of the errors before. */
async function commitAtLast(store: Store, run: string, batch: CommitBatch): Promise<string[]> {
  const codes: string[] = [];
  await until(async () => {
    try {
      return (await store.commit(run, 1, batch)) === 'committed';
    } catch (error) {
      codes.push((error as { code: string }).code);
      return false;
    }
  });
  return codes;
}

test('connections that are cut in the middle of commits lose nothing and double nothing', { timeout: 120_000 }, async () => {
  const store = await connectStore({ migrate: true });
  const run = await heldRun(store);
  let done = false;
  const cutting = (async () => {
    const { url } = await ensureServer();
    await withClient(url, async (client) => {
      while (!done) {
        await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and datname = 'outflow' and pid <> pg_backend_pid()`,
        );
        await client.query('select pg_sleep(0.03)');
      }
    });
  })();
  const codes = new Set<string>();
  let count = 0;
  while (count < 15 || codes.size === 0) {
    count++;
    for (const code of await commitAtLast(store, run, batchOf(count, 500, '"x"'))) codes.add(code);
  }
  done = true;
  await cutting;
  expect([...codes]).toEqual(['database-unreachable']);
  const read = async () => ({ logs: await store.logs({ run, limit: 100_000 }), ...(await store.loadRun(run, 1)) });
  const { logs, settled } = await until(() => read().catch(() => undefined)); // connections of the pool may still be cut ones
  expect(logs.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, i) => `batch ${i + 1}`));
  expect(settled).toEqual([{ step: 0, state: 'succeeded', from: 500, to: 500 * (count + 1) }]);
  await store.close();
});

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

// Skipped where no file system can be mounted: not as root, or in a closed container.
test.skipIf(!canMount)(
  'a disk that fills up is told as such, and when there is space again the run goes on',
  { timeout: 120_000 },
  async () => {
    const disk = path.join(path.dirname(own.home), 'disk');
    const filler = path.join(disk, 'filler');
    mkdirSync(disk, { mode: 0o700 });
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0700', 'tmpfs', disk]);
    try {
      process.env['OUTFLOW_HOME'] = path.join(disk, 'home');
      const store = await connectStore({ migrate: true });
      const run = await heldRun(store);
      await commitAtLast(store, run, batchOf(1, 10, '"x"'));
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M']);
      const large = batchOf(2, 2_000, JSON.stringify('y'.repeat(1_500)));
      await expect(store.commit(run, 1, large)).rejects.toMatchObject({
        code: 'database-full',
        hint: expect.stringMatching(/free some space/),
      });
      rmSync(filler);
      await commitAtLast(store, run, large);
      expect((await store.loadRun(run, 1)).settled).toEqual([
        { step: 0, state: 'succeeded', from: 10, to: 20 },
        { step: 0, state: 'succeeded', from: 4_000, to: 6_000 },
      ]);
      await store.close();
      await stopServer({ force: true });
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  },
);

test('a server that nobody runs, a wrong address and a server that says nothing are told as unreachable', {
  timeout: 60_000,
}, async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  for (const address of ['127.0.0.1:1', 'no-such-host.invalid:5432', `127.0.0.1:${port}`]) {
    await expect(connectStore({ url: `postgresql://me:secret@${address}/db` }), address).rejects.toMatchObject({
      code: 'database-unreachable',
      message: expect.not.stringContaining('secret'),
      hint: expect.stringContaining('OUTFLOW_DATABASE_URL'),
    });
  }
  await expect(connectStore({ url: 'mysql://me:secret@x/y' })).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.not.stringContaining('secret'),
  });
  silent.close();
});

test('a role that is refused is told so, and a database that is not there', async () => {
  const { url } = await ensureServer();
  const other = url.replace('outflow@', 'somebody@');
  await expect(connectStore({ url: other })).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringMatching(/refuses the login/),
  });
  await expect(connectStore({ url: url.replace(/outflow$/, 'nowhere') })).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringMatching(/does not exist/),
  });
});

test('a home that cannot be made is told with its path', async () => {
  const file = path.join(path.dirname(own.home), 'file');
  writeFileSync(file, '');
  process.env['OUTFLOW_HOME'] = path.join(file, 'home');
  await expect(connectStore()).rejects.toMatchObject({ code: 'bad-environment', message: expect.stringContaining(file) });
  process.env['OUTFLOW_HOME'] = own.home;
});
