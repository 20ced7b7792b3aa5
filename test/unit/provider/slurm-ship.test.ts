// The job script with `--ship sbcast`, run with an sbcast that copies to here.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scriptOf } from '../../../src/provider/slurm/script.ts';

let dir: string;
let disk: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), "outflow it's-"));
  disk = path.join(dir, 'disk');
  mkdirSync(disk);
  writeFileSync(path.join(dir, 'srun'), '#!/bin/bash\nprintf "%s\\n" "$@"\necho "shipped $OUTFLOW_SHIPPED"\n', { mode: 0o755 });
  writeFileSync(path.join(dir, 'program'), 'the program', { mode: 0o700 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(sbcast: string, prologue: string[] = []): Promise<{ code: number; stdout: string; stderr: string; pid: number }> {
  writeFileSync(path.join(dir, 'sbcast'), `#!/bin/sh\n${sbcast}\n`, { mode: 0o755 });
  const program = path.join(dir, 'program');
  const agent = [program, 'agent', '--join', '/shared/join.json', '--allocation'];
  const script = scriptOf({ agent, ship: 'sbcast', cwd: dir, growth: '1-2', name: 'outflow-r-1-2', prologue });
  const file = path.join(dir, 'slurm_script');
  writeFileSync(file, script, { mode: 0o700 });
  const env = {
    PATH: `${dir}:/usr/bin:/bin`,
    TMPDIR: disk,
    SLURM_JOB_ID: '71',
    SLURM_JOB_NUM_NODES: '1',
    SLURM_ARRAY_TASK_ID: '7',
  };
  return new Promise((resolve) => {
    const child = execFile(file, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr, pid: child.pid as number }),
    );
  });
}

test('the program is put on the disk of the nodes, and run from there', async () => {
  const { stdout, code, pid } = await run('cp "$1" "$2"');
  const copy = path.join(disk, `outflow-${process.getuid?.()}.71.${hostname()}.${pid}`);
  expect(code).toBe(0);
  expect(stdout.trim().split('\n').slice(-6)).toEqual(
    [copy, 'agent', '--join', '/shared/join.json', '--allocation', '1-2.7', `shipped ${copy}`].slice(-6),
  );
  expect(existsSync(copy)).toBe(true);
  rmSync(copy);
});

test('where that fails, the job ends with a code of its own, says so, and leaves nothing', async () => {
  const { stdout, stderr, code } = await run('printf part > "$2"; echo "sbcast: error: No space left on device" >&2; exit 1');
  expect({ code, stdout }).toEqual({ code: 96, stdout: '' });
  expect(stderr).toMatch(
    /No space left on device\noutflow: sbcast could not put it at \S.*\/outflow-\d+\.71\.\S+ on all nodes of this job \(exit code 1\)\n$/,
  );
  expect(readdirSync(disk)).toEqual([]);
});

test('the prologue may say where', async () => {
  const other = path.join(dir, 'other');
  mkdirSync(other);
  const { code } = await run('cp "$1" "$2"', [`export TMPDIR="${other}"`]);
  expect(code).toBe(0);
  expect(readdirSync(disk)).toEqual([]);
  expect(readdirSync(other)).toHaveLength(1);
});
