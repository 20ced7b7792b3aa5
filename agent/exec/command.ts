// What is started beside a unit: the user's command, or the shell, with what the unit has around it. Pure.
import type { ExecCommand } from './exec-process.ts';

export interface CommandOptions {
  /** Empty: the user's shell. */
  argv: readonly string[];
  /** "": no terminal. */
  term: string;
  place: { environment: Readonly<Record<string, string | undefined>>; workdir: string };
}

/** Of the terminal in which the run was submitted, and of no other. */
const OF_TERMINALS = ['COLUMNS', 'LINES', 'TERMCAP', 'TMUX', 'TMUX_PANE', 'STY', 'WINDOW', 'WINDOWID'];
/** A shell says what cannot be started, and ends with its usual codes (127: not found, 126: not executable). */
const RUN = ['/bin/sh', '-c', 'exec "$@"', 'outflow'];
/** The submitter's shell, unless this node has none of it. */
const SHELL = ['/bin/sh', '-c', 'if command -v "$SHELL" >/dev/null 2>&1; then exec "$SHELL"; else exec /bin/sh; fi'];

export function asCommand({ argv, term, place }: CommandOptions): ExecCommand {
  const environment: Record<string, string | undefined> = { ...place.environment, PWD: place.workdir };
  for (const name of OF_TERMINALS) environment[name] = undefined;
  if (term !== '') environment['TERM'] = term;
  return { argv: argv.length > 0 ? [...RUN, ...argv] : SHELL, directory: place.workdir, environment };
}
