// A run whose units wait until they are told to end, to try things beside them.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';

export function makeExecWorld(): World {
  const world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/exec/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
  return world;
}

export interface WaitingRun {
  run: string;
  /** How many units have begun. */
  begun(): number;
  /** Ends one unit, or all. */
  end(unit: number | 'all'): void;
  /** What a unit found around it. */
  lookOf(unit: number): Promise<Record<string, string>>;
}

/** When its first unit runs. */
export async function startWaiting(world: World, ...flags: string[]): Promise<WaitingRun> {
  const marker = path.join(world.dir, `until-${Math.random().toString(36).slice(2)}`);
  const args = ['submit', 'wait', '--until', marker, '--backend', 'parallel', ...flags];
  const { stdout: run, stderr } = await world.run(args, { env: { OUTFLOW_TEST: 'of the submitter' } });
  if (run === '') throw new Error(stderr);
  const lookOf = (unit: number): Promise<Record<string, string>> =>
    until(async () => {
      const { stdout } = await world.run(['logs', `${run}/Wait/${unit}`, '--json']);
      const line = (JSON.parse(stdout) as { lines: { text: string }[] }).lines.find(({ text }) => text.startsWith('{'));
      return line && (JSON.parse(line.text) as Record<string, string>);
    });
  await lookOf(0);
  const begun = () =>
    readdirSync(world.dir).filter((name) => name.startsWith(path.basename(marker)) && name.endsWith('.begun')).length;
  return { run, begun, end: (unit) => writeFileSync(`${marker}-${unit}`, ''), lookOf };
}

/** Whether a process whose arguments hold this word lives. */
export function isAlive(word: string): boolean {
  return readdirSync('/proc').some((name) => {
    const file = `/proc/${name}/cmdline`;
    try {
      return /^\d+$/.test(name) && existsSync(file) && readFileSync(file, 'utf8').split('\0').includes(word);
    } catch {
      return false; // it has just ended
    }
  });
}
