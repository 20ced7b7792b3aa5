// The command line: what the shell asks for to complete a word, else what the user typed.
import type { HeadStart } from './pipeline/head-start.ts';

/** `start`: of a command on a pipeline. Resolves with the exit code. */
export async function commandLine(words: string[], start: HeadStart | undefined): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === '__complete') return await (await import('./completion/complete.ts')).printCompletions(rest);
  return await (await import('./run-command-line.ts')).runCommandLine(words, start);
}
