// A run of fixtures/replaced during which a test replaces the program: its units need new processes after that.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { projectRoot, type World } from './outflow.ts';
import { until } from './until.ts';

/** What comes out of a run that nothing has disturbed. */
export const UNDISTURBED = { Fresh: { sums: [[{ sum: 10 }], [{ sum: 20 }], [{ sum: 30 }]] } };

/** `words`: of the command line that starts the program with arguments. The first unit waits until `change` has been made. */
export async function runWhile(
  world: World,
  name: string,
  words: (args: string[]) => string[],
  change: () => void,
): Promise<unknown> {
  const notes = path.join(world.dir, name);
  const pipeline = path.join(projectRoot, 'test/fixtures/replaced/pipeline.ts');
  const [command = '', ...args] = words(['run', 'fresh', '--notes', notes, '--json', '-p', pipeline]);
  const running = execa(command, args, { cwd: world.dir, env: world.env, reject: false });
  await Promise.race([until(() => existsSync(`${notes}.begun`)), running]);
  change();
  world.write(`${name}.go`, '');
  const { stdout, stderr, exitCode } = await running;
  expect({ stdout, stderr, exitCode }).toMatchObject({ exitCode: 0 });
  const { run } = JSON.parse(String(stdout));
  return (await world.json<{ results: unknown }>(['results', run])).results;
}
