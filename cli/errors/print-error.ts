// How an error ends a command: one message (what, where, what to do), or one JSON document; never a stack of ours unasked.
import path from 'node:path';
import { type ErrorData, exitCodeOf, isOutflowError, OutflowError } from '../../src/model/errors.ts';
import { style } from '../text/style.ts';

/** Prints the error (text on stderr; with `json` as the one document on stdout) and returns the exit code it stands for. */
export function printError(thrown: unknown, options: { json: boolean; debug?: boolean }): number {
  const error = isOfNoDirectory(thrown) ? noDirectory(thrown) : thrown;
  const data = errorData(error);
  if (options.json) process.stdout.write(`${JSON.stringify({ error: data }, null, 2)}\n`);
  else process.stderr.write(errorText(data));
  if (options.debug && error instanceof Error) process.stderr.write(`${stacksOf(error)}\n`);
  return exitCodeOf(error);
}

/** Whatever asks where we are. */
function isOfNoDirectory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.syscall === 'uv_cwd';
}

function noDirectory(cause: unknown): OutflowError {
  const hint = 'go to one that is: `cd "$PWD"` when it has been made again';
  return new OutflowError('bad-environment', 'the directory that you are in is not there any more', { hint, cause });
}

/** The error as plain data; what is not an operating error is a bug of ours. */
function errorData(error: unknown): ErrorData {
  if (isOutflowError(error)) return { code: error.code, message: error.message, hint: error.hint, where: error.where };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'internal',
    message: `a bug in outflow: ${message.split('\n', 1)[0]}`,
    hint: 'please report it, with what the same command prints when OUTFLOW_DEBUG=1 is set',
  };
}

function errorText(data: ErrorData): string {
  const [first = '', ...more] = data.message.split('\n');
  const lines = [`${style('red', 'error:')} ${first}`, ...more.map((line) => `  ${line}`)];
  // Messages about a place in a file often begin with it.
  if (data.where && !data.message.includes(path.basename(data.where))) lines.push(`  at ${data.where}`);
  if (data.hint) lines.push(...data.hint.split('\n').map((line) => `  ${style('dim', line)}`));
  return `${lines.join('\n')}\n`;
}

function stacksOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stacksOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
