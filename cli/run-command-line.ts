// Runs what the user typed: version, help or a command; reports its error; ends with the exit code of the one table.
import type { Config } from '@oclif/core/config';
import { nearest } from '../src/loader/nearest.ts';
import { OutflowError } from '../src/model/errors.ts';
import { printError } from './errors/print-error.ts';
import { loadConfig } from './load-config.ts';
import { discardHeadStart, keepHeadStart } from './pipeline/begun.ts';
import type { HeadStart } from './pipeline/head-start.ts';
import { handleBrokenPipe } from './text/broken-pipe.ts';
import { wantsHelp, wantsJson } from './words.ts';

/** Resolves with the exit code. */
export async function runCommandLine(argv: string[], start: HeadStart | undefined): Promise<number> {
  handleBrokenPipe();
  keepHeadStart(start);
  try {
    await dispatch(argv);
  } catch (error) {
    await discardHeadStart();
    process.exitCode = printError(error, { json: wantsJson(argv), debug: process.env['OUTFLOW_DEBUG'] === '1' });
  }
  await Promise.all([written(process.stdout), written(process.stderr)]);
  return process.exit(); // nothing that a command left open (a pool, a channel) holds it up
}

async function dispatch(argv: string[]): Promise<void> {
  const config = await loadConfig();
  if (['--version', '-V'].includes(argv[0] ?? '')) {
    process.stdout.write(`${config.userAgent}\n`);
    return;
  }
  const asked = argv[0] === 'help' ? argv.slice(1) : argv;
  if (asked.length === 0 || asked !== argv || wantsHelp(argv)) {
    const { showHelp } = await import('./help/show-help.ts');
    return showHelp(config, asked);
  }
  // `db start` is the command db:start.
  const words = config.findCommand(argv.slice(0, 2).join(':')) ? 2 : 1;
  const id = argv.slice(0, words).join(':');
  const command = config.findCommand(id);
  if (command) await config.runCommand(id, argv.slice(words), command);
  else if (config.findTopic(argv[0] ?? '')) await unknownInTopic(config, argv);
  else throw unknownCommand(config, argv[0] ?? '');
}

/** `outflow db` shows the topic's help; `outflow db sart` has a nearest name. */
async function unknownInTopic(config: Config, argv: string[]): Promise<void> {
  const [topic = '', word] = argv;
  if (word !== undefined && !word.startsWith('-')) throw unknownCommand(config, `${topic} ${word}`);
  const { showHelp } = await import('./help/show-help.ts');
  return showHelp(config, [topic]);
}

function unknownCommand(config: Config, typed: string): OutflowError {
  const near = nearest(
    typed,
    config.commandIDs.map((id) => id.replaceAll(':', ' ')),
  );
  const hint = near ? `did you mean \`outflow ${near}\`?` : 'all commands: outflow --help';
  return new OutflowError('bad-argument', `outflow has no command ${typed}`, { hint });
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
