// The command line: of a command on a pipeline, first of all what takes it the longest.

/** Resolves with the exit code. */
export async function commandLine(words: string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === '__complete') return await (await import('./completion/complete.ts')).printCompletions(rest);
  const isHelp = rest.some((word) => word === '--help' || word === '-h');
  if ((verb === 'plan' || verb === 'run' || verb === 'submit') && !isHelp) {
    (await import('./pipeline/head-start.ts')).beginHeadStart(verb, rest);
  }
  return await (await import('./run-command-line.ts')).runCommandLine(words);
}
