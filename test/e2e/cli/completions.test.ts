// Completion of command lines, as bash itself does it.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/cli/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
});

afterAll(() => world.end());

/** What bash offers at the end of a line: it loads the script and calls the function that it names for outflow. */
async function offered(line: string): Promise<string[]> {
  const { stdout: script } = await world.run(['completions', 'bash']);
  const called = world
    .words()
    .map((word) => `'${word}'`)
    .join(' ');
  const program = `outflow() { ${called} "$@"; }\n${script}\n[[ $(complete -p outflow) == *_outflow* ]] || exit 1
    COMP_WORDS=(${line.replace('=', ' = ')}); [[ '${line}' != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _outflow; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa('bash', ['-c', program], { cwd: world.dir, env: world.env });
  return stdout.split('\n').filter(Boolean);
}

test.each([
  ['outflow su', ['submit']],
  ['outflow db st', ['start', 'status', 'stop']],
  ['outflow logs --fol', ['--follow']],
  ['outflow run --backend p', ['parallel']],
  ['outflow run --backend=p', ['parallel']],
  ['outflow run ', ['greet', 'work']],
  ['outflow run work --count ', []],
  ['outflow submit w', ['work']],
  ['outflow run work --co', ['--count']],
  ['outflow completions ', ['bash', 'fish', 'zsh']],
  ['outflow nothing ', []],
])('%s', async (line, expected) => {
  expect(await offered(line)).toEqual(expected);
});
