// The job script, run by a real bash with a srun that tells how it was called; and sbatch's options.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sbatchArguments } from '../../../src/provider/slurm/arguments.ts';
import { askingEnvironment, submittingEnvironment } from '../../../src/provider/slurm/environment.ts';
import type { JobRequest } from '../../../src/provider/slurm/job-request.ts';
import { scriptOf } from '../../../src/provider/slurm/script.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'outflow-script-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
writeFileSync(path.join(dir, 'srun'), '#!/bin/bash\nprintf "%s\\n" "$@"\necho "A=$A in $PWD"\n', { mode: 0o755 });

function request(over: Partial<JobRequest> = {}): JobRequest {
  return {
    name: 'outflow-run1-1-2',
    directives: [],
    shape: { cpus: 4, memoryMib: null, gpus: 0, nodes: 1, unitsPerNode: 4, why: '' },
    array: 3,
    prologue: [],
    cwd: dir,
    agent: ['/opt/node', "/it's here/outflow.cjs", 'agent', '--join', '/shared/join.json', '--allocation'],
    ship: 'path',
    growth: '1-2',
    outputDir: '/shared/out',
    ...over,
  };
}

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

function run(over: Partial<JobRequest> = {}, environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const env = { PATH: `${dir}:/usr/bin:/bin`, SLURM_JOB_NUM_NODES: '2', SLURM_ARRAY_TASK_ID: '7', ...environment };
  const file = path.join(dir, 'slurm_script');
  writeFileSync(file, scriptOf(request(over)), { mode: 0o700 });
  return new Promise((resolve) => {
    execFile(file, { env }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }));
  });
}

test('srun starts one agent a node, for the allocation of this element', async () => {
  const { stdout } = await run();
  const lines = stdout.split('\n');
  expect(lines.slice(0, 3)).toEqual(['-N2', '-n2', '--ntasks-per-node=1']);
  expect(lines.slice(12, -2)).toEqual([
    '/opt/node',
    "/it's here/outflow.cjs",
    'agent',
    '--join',
    '/shared/join.json',
    '--allocation',
    '1-2.7',
  ]);
  expect(lines.at(-2)).toBe(`A= in ${dir}`);
  expect(stdout).not.toContain('--gres');
});

test('with GPUs, the agent gets those of its node', async () => {
  expect((await run({}, { SLURM_GPUS_ON_NODE: '2' })).stdout).toContain('\n--gres=gpu:2\n');
});

test('what the prologue sets reaches the agent', async () => {
  const { stdout, stderr, code } = await run({ prologue: ['if true; then', '  export A=5', 'fi', 'false || true', 'cd /'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('A=5 in /');
});

test('the agent is told what there was before the prologue', async () => {
  const { stdout } = await run({ prologue: ['export A=5', 'exec() { printenv OUTFLOW_BEFORE_PROLOGUE; }'] }, { B: 'x\ny' });
  const before = Buffer.from(stdout.trim(), 'base64').toString().split('\0');
  expect(before).toContain('B=x\ny');
  expect(before.filter((it) => it.startsWith('A='))).toEqual([]);
});

test.each([
  [['true', 'cat /nonexistent/file', 'export A=5'], 'the prologue failed (exit code 1): cat /nonexistent/file'],
  [['module() { return 3; }', 'module load nothing'], 'the prologue failed (exit code 3): module load nothing'],
  [['echo fine', 'exit 0'], 'the prologue ended the job (exit code 0)'],
  [['if true; then', '  false', 'fi'], 'the prologue failed (exit code 1):   false'],
])('a prologue that fails is loud: %j', async (prologue, message) => {
  const { code, stderr, stdout } = await run({ prologue });
  expect(code).toBe(97);
  expect(stderr).toContain(message);
  expect(stdout).not.toContain('--overlap');
});

test('a prologue that is not shell ends the job', async () => {
  const { code, stdout, stderr } = await run({ prologue: ['if true; then'] });
  expect(code).not.toBe(0);
  expect(stderr).toContain('syntax error');
  expect(stdout).not.toContain('--overlap');
});

test('what fails within a function or a sourced file is their own affair', async () => {
  const sourced = path.join(dir, 'activate');
  writeFileSync(sourced, 'test -n "$NOTHING_OF_THE_KIND"\nfalse\nexport A=9\n');
  const { code, stdout } = await run({ prologue: ['f() { false; true; }', 'f', `. ${sourced}`] });
  expect(code).toBe(0);
  expect(stdout).toContain('A=9');
});

test('a node that does not see the directory says so', async () => {
  const { code, stderr } = await run({ cwd: '/nonexistent/place' });
  expect(code).toBe(98);
  expect(stderr).toContain('does not see the directory where outflow was called');
});

function options(over: Partial<JobRequest>): string[] {
  return sbatchArguments(request(over));
}

test('the options of one growth step', () => {
  expect(options({ directives: [{ name: 'partition', value: 'fast', source: 'flag' }], outputDir: '/a %b/c' })).toEqual([
    '--partition=fast',
    '--job-name=outflow-run1-1-2',
    '--array=0-2',
    '--nodes=1',
    '--ntasks-per-node=1',
    '--cpus-per-task=4',
    '--no-requeue',
    '--export=ALL',
    '--propagate=NONE',
    '--open-mode=append',
    '--chdir=/a %b/c',
    '--output=/a %%b/c/slurm-outflow-run1-1-2.%a.out',
  ]);
});

test('what the user says of memory and GPUs is not said twice', () => {
  const shape = { cpus: 4, memoryMib: 500, gpus: 2, nodes: 2, unitsPerNode: 2, why: '' };
  const own = options({ shape });
  expect(own).toEqual(expect.arrayContaining(['--mem=500M', '--gres=gpu:2', '--nodes=2', '--no-kill']));
  const said = options({
    shape,
    directives: [
      { name: 'mem-per-cpu', value: '1G', source: 'pipeline' },
      { name: 'gpus-per-node', value: 2, source: 'pipeline' },
      { name: 'exclusive', value: true, source: 'config' },
    ],
  });
  expect(said.filter((it) => /mem|gpu|gres|exclusive/.test(it))).toEqual([
    '--mem-per-cpu=1G',
    '--gpus-per-node=2',
    '--exclusive',
  ]);
});

test("nodes where agents died are added to the user's own", () => {
  const directives = [{ name: 'exclude', value: 'node9', source: 'config' } as const];
  expect(options({ directives, excludeNodes: ['node1', 'node[2-3]'] }).filter((it) => it.includes('exclude'))).toEqual([
    '--exclude=node9,node1,node[2-3]',
  ]);
});

const SURROUNDED = {
  PATH: '/bin',
  HOME: '/home/me',
  LC_TIME: 'de_DE',
  SLURM_CONF: '/etc/other.conf',
  SLURM_JOB_ID: '7',
  SLURM_CLUSTERS: 'x',
  SBATCH_PARTITION: 'nope',
  SQUEUE_FORMAT: '%i',
  SCANCEL_STATE: 'PENDING',
  PMI_RANK: '0',
  PMIX_RANK: '0',
  TOKEN: 'secret',
  OUTFLOW_DATABASE_URL: 'postgres://me:secret@db/x',
  http_proxy: 'http://me:secret@proxy',
  'BASH_FUNC_module%%': '() { :; }',
  LMOD_CMD: '/opt/lmod',
  MODULEPATH: '/opt/modules',
};

test('no variable of Slurm or of a surrounding job reaches a command that asks', () => {
  const names = Object.keys(askingEnvironment(SURROUNDED)).filter((name) => /^(SLURM|SBATCH|SQUEUE|SCANCEL|PMI)/.test(name));
  expect(names).toEqual(['SLURM_CONF', 'SLURM_BITSTR_LEN']);
  expect(askingEnvironment(SURROUNDED)).toMatchObject({ PATH: '/bin', LC_ALL: 'C', TZ: 'UTC0' });
});

test('a job gets no variable that may be a secret, and what modules need', () => {
  expect(submittingEnvironment(SURROUNDED)).toEqual({
    PATH: '/bin',
    HOME: '/home/me',
    LC_TIME: 'de_DE',
    SLURM_CONF: '/etc/other.conf',
    'BASH_FUNC_module%%': '() { :; }',
    LMOD_CMD: '/opt/lmod',
    MODULEPATH: '/opt/modules',
  });
});
