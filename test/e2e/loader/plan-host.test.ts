// What user code may do to its plan host: each ends in one clear error, and in no process left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { bundlePipeline } from '../../../src/loader/bundle.ts';
import { materializeBundle } from '../../../src/loader/materialize.ts';
import { type OpenPlanHost, openPlanHost, type PlanHost } from '../../../src/loader/plan-client.ts';
import { type Files, project } from '../../unit/loader/temporary-project.ts';
import { useTemporaryHome } from './temporary-home.ts';

useTemporaryHome();

const imports = `import { command, flag, task } from 'outflow'; import { z } from 'zod';\n`;
const task = `const Word = task({ name: 'Word', inputs: { word: z.string() }, run: () => {} });\n`;

/** A command `go` with this `setup`, which begins in line 4. */
const withSetup = (body: string): Files => ({
  'pipeline.ts': `${imports}${task}export const go = command({ args: { n: flag.integer({}) }, setup: async (args) => {\n${body}\n} });`,
});

async function open(
  files: Files,
  options: OpenPlanHost = {},
): Promise<{ dir: string; host: PlanHost; printed: () => string; load: () => Promise<void> }> {
  const dir = project(files);
  let printed = '';
  const host = openPlanHost({ output: (chunk) => (printed += chunk.toString()), ...options });
  onTestFinished(() => host.close());
  const load = async (): Promise<void> => {
    const file = path.join(dir, 'pipeline.ts');
    const bundle = await bundlePipeline(file);
    const script = await materializeBundle(bundle);
    await host.load({ ...bundle, script, file });
  };
  return { dir, host, printed: () => printed, load };
}

const loading = async (text: string, options?: OpenPlanHost): Promise<void> =>
  (await open({ 'pipeline.ts': text }, options)).load();

async function planning(files: Files, options?: OpenPlanHost): Promise<unknown> {
  const { load, host } = await open(files, options);
  await load();
  return host.plan('go', { n: 1 });
}

test('a pipeline file that throws: its line, with a caret and its own stack', async () => {
  await expect(loading(`${imports}const f = () => {\n  throw new TypeError('no such thing');\n};\nf();`)).rejects.toMatchObject({
    code: 'pipeline-throws',
    where: expect.stringMatching(/pipeline\.ts:3:9$/),
    message: expect.stringMatching(
      /pipeline\.ts:3:9: the pipeline file throws TypeError: no such thing\n 3 │ {3}throw new .*\n {13}\^\n {4}at f \(.*\n {4}at .*pipeline\.ts:5:1/,
    ),
  });
});

test('a pipeline file that rejects late, throws no error, or has a cause', async () => {
  await expect(
    loading(`setTimeout(() => { throw new Error('late'); }, 5); await new Promise((finish) => setTimeout(finish, 1000));`),
  ).rejects.toMatchObject({ message: expect.stringContaining('throws Error: late') });
  await expect(loading(`throw { just: 'data' };`)).rejects.toMatchObject({
    message: `the pipeline file throws { just: 'data' }`,
  });
  await expect(loading(`throw new Error('a', { cause: new RangeError('b') });`)).rejects.toMatchObject({
    message: expect.stringContaining('caused by RangeError: b'),
  });
});

test('a wrong definition keeps its own error, and gets its place', async () => {
  await expect(loading(`${imports}task({ name: 'A', colour: 1, run: () => {} } as never);`)).rejects.toMatchObject({
    code: 'bad-definition',
    where: expect.stringMatching(/pipeline\.ts:2:1$/),
  });
  const { load, host } = await open({ 'pipeline.ts': 'export const nothing = 1;' });
  await load();
  await expect(host.describe()).rejects.toMatchObject({ code: 'no-commands' });
});

test('a pipeline file, or setup, that never resolves is told at once when nothing is left to wait for', async () => {
  await expect(loading('await new Promise(() => {});')).rejects.toMatchObject({
    code: 'pipeline-throws',
    message: expect.stringMatching(/the pipeline file never ends/),
  });
  await expect(planning(withSetup('await new Promise(() => {});'))).rejects.toMatchObject({
    code: 'setup-throws',
    message: expect.stringMatching(/setup of command go never ends/),
  });
});

test('one that keeps waiting, or computing, is ended at the deadline', async () => {
  await expect(
    planning(withSetup('await new Promise((finish) => setTimeout(finish, 1e8));'), { timeoutMs: 8_000 }),
  ).rejects.toMatchObject({ code: 'setup-throws', message: 'setup of command go did not end within 8 s' });
  await expect(loading('for (;;);', { timeoutMs: 1_500 })).rejects.toMatchObject({
    code: 'pipeline-throws',
    message: expect.stringMatching(/did not end within 1\.5 s/),
  });
});

test('process.exit is named with its place, also where it is caught', async () => {
  await expect(loading(`\nprocess.exit(0);`)).rejects.toMatchObject({
    code: 'pipeline-throws',
    message: 'the pipeline file calls process.exit(0)',
    where: expect.stringMatching(/pipeline\.ts:2:9$/),
  });
  await expect(planning(withSetup('try { process.exit(3); } catch {} return Word({ word: "a" });'))).rejects.toMatchObject({
    code: 'setup-throws',
    message: 'setup of command go calls process.exit(3)',
    where: expect.stringMatching(/pipeline\.ts:4:15$/),
  });
});

test('a process that kills itself is told by its signal or exit code', async () => {
  await expect(
    loading(`process.kill(process.pid, 'SIGKILL'); await new Promise((finish) => setTimeout(finish, 5000));`),
  ).rejects.toMatchObject({
    code: 'pipeline-throws',
    message: expect.stringMatching(/ended the process that ran it \(SIGKILL\)/),
  });
  await expect(planning(withSetup('process.abort();'))).rejects.toMatchObject({
    code: 'setup-throws',
    message: expect.stringMatching(/^setup of command go ended the process that ran it \(SIGABRT\)/),
  });
});

test('setup that throws: its line', async () => {
  await expect(planning(withSetup('  null!.x;'))).rejects.toMatchObject({
    code: 'setup-throws',
    where: expect.stringMatching(/pipeline\.ts:4:/),
    message: expect.stringContaining('setup of command go throws TypeError: '),
  });
});

test('setup that builds another workflow each time: what differs', async () => {
  await expect(planning(withSetup('return Word({ word: String(Math.random()) });'))).rejects.toMatchObject({
    code: 'setup-not-deterministic',
    message: expect.stringMatching(/setup of command go builds another workflow each time: step Word, input word\./),
  });
});

test('an unknown command is answered with the nearest name', async () => {
  const { load, host } = await open(withSetup('return Word({ word: "a" });'));
  await load();
  await expect(host.plan('goo', {})).rejects.toMatchObject({ code: 'unknown-command', hint: 'did you mean go?' });
});

test('what user code prints goes to the given place, once', async () => {
  const { load, host, printed } = await open({
    'pipeline.ts': `${imports}${task}console.log('at the top');\nexport const go = command({ args: {}, setup: () => { console.error('in setup'); return Word({ word: 'a' }); } });`,
  });
  await load();
  await host.plan('go', {});
  await host.close();
  expect(printed()).toBe('at the top\nin setup\n');
});

test('the secret of outflow is not in its environment', async () => {
  vi.stubEnv('OUTFLOW_DATABASE_URL', 'postgres://secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { load, host, printed } = await open({ 'pipeline.ts': `console.log(process.env.OUTFLOW_DATABASE_URL ?? 'nothing');` });
  await load();
  await host.close();
  expect(printed()).toBe('nothing\n');
});

test('an abort signal ends the host, whatever it does', async () => {
  const calledOff = new AbortController();
  const { load, printed } = await open({ 'pipeline.ts': `console.log('running'); for (;;);` }, { signal: calledOff.signal });
  const loaded = expect(load()).rejects.toThrow('called off');
  await vi.waitFor(() => expect(printed()).toBe('running\n'), 20_000);
  calledOff.abort(new Error('called off'));
  await loaded;
});

test('closing ends what user code started, too', async () => {
  const { load, host, printed } = await open({
    'pipeline.ts': `import { spawn } from 'node:child_process'; const child = spawn('sleep', ['1000']); console.log(child.pid);`,
  });
  await load();
  await vi.waitFor(() => expect(printed()).toMatch(/^\d+\n/), 10_000); // what it prints comes by another way than the answer
  const pid = Number(printed());
  expect(isRunning(pid)).toBe(true);
  await host.close();
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000);
});

test('a host dies with its parent, even in a loop without end', async () => {
  const dir = project({ 'pipeline.ts': `console.log(process.pid); for (;;);` });
  const script = `
    const { loadPipeline } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../../src/loader/load-pipeline.ts'))});
    await loadPipeline({ cwd: ${JSON.stringify(dir)}, output: (chunk) => process.stdout.write(chunk) });`;
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((found, reject) => {
    parent.stdout?.once('data', (chunk: Buffer) => found(Number(chunk)));
    parent.once('close', (code) => reject(new Error(`it ended with exit code ${code}`)));
  });
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000);
});

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
