// A run that does not come to be: what was begun for it (a coordinator, its agent, a plan host) goes, and so does its directory.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';

let world: World;

beforeAll(async () => {
  world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/cli/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
  world.write(
    'waits/pipeline.ts',
    `import { writeFileSync } from 'node:fs';
    writeFileSync(import.meta.dirname + '/loading', '');
    await new Promise((ever) => setTimeout(ever, 60_000));`,
  );
  world.write('named/pipeline.ts', readFileSync(path.join(world.dir, 'pipeline.ts'), 'utf8'));
  world.write('named/outflow.config.ts', `export default { database: 'postgresql://127.0.0.1:1/none' };`);
  world.write('broken/pipeline.ts', `throw new Error('broken');`);
});

afterAll(() => world.end());

function directories(): string[] {
  const runs = path.join(world.home, 'runs');
  return existsSync(runs) ? readdirSync(runs) : [];
}

/** By their environment; the database's keeper and server stay. */
function processes(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`OUTFLOW_HOME=${world.home}\0`);
      return isOurs && /\0(__coordinator|__host|__plan-host|agent)\0/.test(command);
    } catch {
      return false; // gone, or another user's
    }
  });
}

const nowhere = 'postgresql://127.0.0.1:1/none';
const cases: { what: string; line: string; in?: string; database?: string; exitCode: number; message: RegExp }[] = [
  { what: 'a wrong flag', line: 'run work --frob', exitCode: 2, message: /unknown flag --frob/ },
  { what: 'an unknown command', line: 'submit wrok', exitCode: 2, message: /no command wrok/ },
  { what: 'no pipeline file', line: 'run work -p none.ts', exitCode: 3, message: /no pipeline file/ },
  { what: 'a pipeline that throws', line: 'run work', in: 'broken', exitCode: 3, message: /throws Error: broken/ },
  { what: 'no database there', line: 'run work', database: nowhere, exitCode: 5, message: /cannot be reached/ },
  { what: 'a wrong flag and no database', line: 'run work --frob', database: nowhere, exitCode: 2, message: /--frob/ },
  { what: 'what is no URL', line: 'submit work', database: 'mysql://x/y', exitCode: 5, message: /not a Postgres URL/ },
  {
    what: 'a configuration that names no database there',
    line: 'run work',
    in: 'named',
    exitCode: 5,
    message: /cannot be reached/,
  },
];

test.each(cases)('$what: one message, and nothing is left', async ({ line, exitCode, message, in: dir = '.', database = '' }) => {
  const options = { cwd: path.join(world.dir, dir), env: { OUTFLOW_DATABASE_URL: database } };
  const ended = await world.run(line.split(' '), options);
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(ended.exitCode).toBe(exitCode);
  expect(directories()).toEqual([]);
  await until(() => processes().length === 0);
});

/** One that takes connections and says nothing: its address. */
async function silentDatabase(): Promise<{ url: string; isAsked: () => boolean }> {
  let asked = false;
  const server = createServer((socket) => {
    asked = true;
    socket.on('error', () => {}).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `postgresql://127.0.0.1:${(server.address() as { port: number }).port}/none`, isAsked: () => asked };
}

test.each(['while the pipeline loads', 'while the database says nothing'])('Ctrl-C %s', async (when) => {
  const loading = world.write('waits/loading', 'no');
  const silent = await silentDatabase();
  const isLoading = when === 'while the pipeline loads';
  const starting = isLoading
    ? world.start(['run', 'work'], { cwd: path.join(world.dir, 'waits') })
    : world.start(['run', 'work'], { env: { OUTFLOW_DATABASE_URL: silent.url } });
  await until(() => (isLoading ? readFileSync(loading, 'utf8') === '' : silent.isAsked()));
  starting.kill('SIGINT');
  const { stderr, exitCode } = await starting;
  expect(stderr).toBe('error: interrupted before the run was accepted: there is no run');
  expect(exitCode).toBe(130);
  expect(directories()).toEqual([]);
  await until(() => processes().length === 0);
});

test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('%s while the pipeline loads', async (signal) => {
  const loading = world.write('waits/loading', 'no');
  const starting = world.start(['run', 'work'], { cwd: path.join(world.dir, 'waits') });
  await until(() => readFileSync(loading, 'utf8') === '');
  starting.kill(signal);
  await starting;
  await until(() => processes().length === 0 && directories().length === 0);
});
