// Runs that lose what they run on: the coordinator, the agent, the terminal, the database. Nothing is lost or left behind.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { asItsUser } from '../../support/program-under-test.ts';
import { until } from '../../support/until.ts';

const PIPELINE = path.join(projectRoot, 'test/fixtures/runs/pipeline.ts');
let world: World;
let database: pg.Client;

beforeAll(async () => {
  world = makeWorld();
  const { url } = await world.json<{ url: string }>(['db', 'start']);
  database = new pg.Client({ connectionString: url });
  await asItsUser(() => database.connect());
});
afterAll(async () => {
  await database.end();
  await world.end();
});

/** `gate`: units from this one on wait for `open`, so that the run is still there when something is done to it. */
async function submit(count: number, ms: number, notes: string, { gate = -1, pipeline = PIPELINE } = {}): Promise<string> {
  const submitted = await world.json<{ run: string }>([
    'submit',
    'noted',
    '--count',
    String(count),
    '--ms',
    String(ms),
    `--gate=${gate}`,
    '--notes',
    notes,
    '--backend',
    'parallel',
    '--workers',
    '2',
    '-p',
    pipeline,
  ]);
  return submitted.run;
}

const open = (notes: string): void => writeFileSync(`${notes}.go`, '');

const executions = (notes: string): number[] => readFileSync(notes, 'utf8').trim().split('\n').filter(Boolean).map(Number);

async function pidOf(what: 'coordinator' | 'agent', run: string): Promise<number> {
  const table = what === 'coordinator' ? 'outflow.run_lease' : 'outflow.agent_event';
  const { rows } = await database.query(
    `select pid from ${table} as found join outflow.run on run.key = found.run where run.id = $1 order by pid desc limit 1`,
    [run],
  );
  return rows[0].pid;
}

async function settled(run: string): Promise<number[]> {
  const { rows } = await database.query(
    'select index from outflow.unit join outflow.run on run.key = unit.run where run.id = $1 and step = 1',
    [run],
  );
  return rows.map(({ index }) => index);
}

/** Processes of this world that still live, by their environment; the database's keeper and server are expected. */
function leftOver(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return environment.includes(world.home) && /__coordinator|__host|\0agent\0|__plan-host/.test(command);
      } catch {
        return false; // gone
      }
    });
}

test('a coordinator that was killed leaves an orphaned run; resume finishes it and runs no settled unit again', async () => {
  const notes = world.write('killed', '');
  const run = await submit(60, 50, notes, { gate: 20 });
  await until(async () => (await settled(run)).length > 10);
  process.kill(await pidOf('coordinator', run), 'SIGKILL');
  const before = new Set(await settled(run));
  const state = await world.json<{ state: string }>(['status', run]);
  expect(state.state).toBe('orphaned');
  const startedBefore = executions(notes).length;

  open(notes);
  const { exitCode, stderr } = await world.run(['resume', run]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('succeeded') });
  expect((await settled(run)).length).toBe(60);
  const again = executions(notes)
    .slice(startedBefore)
    .filter((index) => before.has(index));
  expect(again).toEqual([]);
  await until(async () => leftOver().length === 0);
});

test('killed with its agent, too, it is finished by another agent', async () => {
  const notes = world.write('both', '');
  const run = await submit(40, 50, notes, { gate: 10 });
  await until(async () => (await settled(run)).length > 5);
  process.kill(await pidOf('coordinator', run), 'SIGKILL');
  process.kill(await pidOf('agent', run), 'SIGKILL');
  const before = new Set(await settled(run));
  const startedBefore = executions(notes).length;
  open(notes);
  expect((await world.run(['resume', run])).exitCode).toBe(0);
  expect((await settled(run)).length).toBe(40);
  expect(
    executions(notes)
      .slice(startedBefore)
      .filter((index) => before.has(index)),
  ).toEqual([]);
  await until(async () => leftOver().length === 0);
});

test('the configuration of a resumed run is that of where it was submitted', async () => {
  const notes = world.write('configured', '');
  const pipeline = world.write('elsewhere/pipeline.ts', readFileSync(PIPELINE, 'utf8'));
  world.write('elsewhere/outflow.config.json', '{ "databases": "of another project" }');
  const run = await submit(40, 50, notes, { gate: 10, pipeline });
  await until(async () => (await settled(run)).length > 5);
  process.kill(await pidOf('coordinator', run), 'SIGKILL');
  open(notes);
  const { exitCode, stderr } = await world.run(['resume', run]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('succeeded') });
});

test('an agent that was killed is replaced, and its units run again', async () => {
  const notes = world.write('agent', '');
  const run = await submit(40, 50, notes, { gate: 10 });
  await until(async () => (await settled(run)).length > 5);
  process.kill(await pidOf('agent', run), 'SIGKILL');
  open(notes);
  await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'succeeded');
  expect((await settled(run)).length).toBe(40);
  await until(async () => leftOver().length === 0);
});

test('an orphaned run is cancelled by the command that cancels', async () => {
  const notes = world.write('orphan', '');
  const run = await submit(200, 100, notes);
  await until(async () => (await settled(run)).length > 2);
  process.kill(await pidOf('coordinator', run), 'SIGKILL');
  expect((await world.run(['cancel', run])).exitCode).toBe(0);
  await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'cancelled');
  await until(async () => leftOver().length === 0);
});

test('two that cancel an orphaned run at once both see it end', async () => {
  const run = await submit(200, 60_000, world.write('twice', ''));
  process.kill(await pidOf('coordinator', run), 'SIGKILL');
  await database.query('begin');
  await database.query('select from outflow.run_lease join outflow.run on key = run where id = $1 for update', [run]);
  const both = [world.run(['cancel', run]), world.run(['cancel', run])];
  await until(async () => (await database.query('select from pg_locks where not granted')).rowCount === 2);
  await database.query('rollback');
  for (const { exitCode, stdout } of await Promise.all(both))
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('was cancelled') });
  await until(async () => leftOver().length === 0);
});

test('cancel ends what runs; nothing is left running', async () => {
  const notes = world.write('cancel', '');
  const run = await submit(200, 60_000, notes);
  await until(async () => executions(notes).length >= 2);
  expect((await world.run(['cancel', run])).exitCode).toBe(0);
  await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'cancelled');
  expect(executions(notes).length).toBe(2);
  await until(async () => leftOver().length === 0);
});

test('editing the pipeline during a run changes nothing in it', async () => {
  const notes = world.write('edited', '');
  const source = readFileSync(PIPELINE, 'utf8');
  const file = world.write('other/pipeline.ts', source);
  const { run } = await world.json<{ run: string }>([
    'submit',
    'noted',
    '--count',
    '30',
    '--gate=10',
    '--notes',
    notes,
    '-p',
    file,
  ]);
  await until(async () => (await settled(run)).length > 2);
  world.write('other/pipeline.ts', 'this is no TypeScript');
  open(notes);
  await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'succeeded');
  expect(existsSync(file)).toBe(true);
});

test('Postgres killed in mid-run: nothing is lost, and the run goes on when it is back', async () => {
  const notes = world.write('postgres', '');
  const run = await submit(100, 40, notes, { gate: 20 });
  await until(async () => (await settled(run)).length > 5);
  const { rows } = await database.query("select pg_postmaster_start_time(), (pg_read_file('postmaster.pid'))");
  database.on('error', () => {});
  process.kill(Number(rows[0].pg_read_file.split('\n')[0]), 'SIGKILL');
  const { url } = await until(async () => {
    const started = await world.run(['db', 'start', '--json']);
    return started.exitCode === 0 ? (JSON.parse(started.stdout) as { url: string }) : undefined;
  });
  database = new pg.Client({ connectionString: url });
  await asItsUser(() => database.connect());
  open(notes);
  await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'succeeded');
  expect((await settled(run)).length).toBe(100);
});

test('a coordinator that is told to end while it waits for the inputs of a step ends', async () => {
  const notes = world.write('preparing', '');
  const run = await submit(200_000, 50, notes); // its list is a blob
  await until(async () => (await settled(run)).length > 2);
  const killed = await pidOf('coordinator', run);
  for (const pid of [killed, await pidOf('agent', run)]) process.kill(pid, 'SIGKILL');
  await database.query('begin');
  await database.query('lock table outflow.blob');
  const resuming = world.start(['resume', run]);
  try {
    await until(async () => {
      const { rows } = await database.query('select from pg_locks where not granted');
      return rows.length > 0;
    });
    const waiting = await pidOf('coordinator', run);
    process.kill(waiting, 'SIGTERM');
    const log = path.join(world.home, 'runs', run, 'coordinator.log');
    await until(() => readFileSync(log, 'utf8').includes('the coordinator ends (stopped)'));
    await database.query('rollback');
    await until(() => !leftOver().includes(String(waiting)));
  } finally {
    await database.query('rollback');
  }
  expect((await resuming).exitCode).toBe(6);
  expect((await world.run(['cancel', run])).exitCode).toBe(0);
  for (const pid of leftOver()) process.kill(Number(pid), 'SIGKILL'); // its agent would wait for another coordinator
});

test('a coordinator that wakes up to find another in its place leaves that one its socket', async () => {
  const notes = world.write('woken', '');
  const run = await submit(200, 60_000, notes);
  await until(() => executions(notes).length >= 2);
  const stopped = await pidOf('coordinator', run);
  process.kill(stopped, 'SIGSTOP');
  try {
    await database.query("update outflow.run_lease set expires_at = now() - interval '1 s' where pid = $1", [stopped]);
    expect((await world.run(['resume', run, '--no-watch'])).exitCode).toBe(0);
  } finally {
    process.kill(stopped, 'SIGCONT');
  }
  await until(() => !leftOver().includes(String(stopped)));
  expect((await world.run(['agents', run])).exitCode).toBe(0);
  expect((await world.run(['cancel', run])).exitCode).toBe(0);
  await until(() => leftOver().length === 0);
});

test('a run whose coordinator has yet to take it is not orphaned: it waits for that one, also to be cancelled', async () => {
  const loaded = path.join(world.dir, 'begins/loaded');
  const wait = `import { existsSync, writeFileSync } from 'node:fs';
    if (!existsSync('${loaded}')) writeFileSync('${loaded}', '');
    while (!existsSync('${loaded}.go')) await new Promise((again) => setTimeout(again, 10));`;
  const pipeline = world.write('begins/pipeline.ts', `${wait}\n${readFileSync(PIPELINE, 'utf8')}`);
  const submitting = submit(200, 60_000, world.write('begins/notes', ''), { pipeline });
  await until(() => existsSync(loaded));
  const [stopped] = leftOver().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('__coordinator'));
  process.kill(Number(stopped), 'SIGSTOP');
  let cancelling: ReturnType<World['run']>;
  try {
    writeFileSync(`${loaded}.go`, '');
    const { run, state } = await until(async () => {
      const { runs } = await world.json<{ runs: { run: string; state: string; pipeline: string }[] }>(['runs']);
      return runs.find((one) => one.pipeline === pipeline);
    });
    expect(state).toBe('accepted');
    cancelling = world.run(['cancel', run]);
    const wished = 'select from outflow.run_cancel join outflow.run_lease using (run) where epoch = 0';
    await until(async () => (await database.query(wished)).rowCount === 1);
  } finally {
    process.kill(Number(stopped), 'SIGCONT');
  }
  expect((await cancelling).stdout).toContain(`run ${await submitting} was cancelled`);
  await until(() => leftOver().length === 0);
});
