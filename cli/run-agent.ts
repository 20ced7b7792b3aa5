// The agent, with its errors reported as those of any command.
import { runAgent } from '../agent/main.ts';
import { printError } from './errors/print-error.ts';

/** Resolves with the exit code when the agent ends. */
export async function runAgentOf(joinFile: string): Promise<number> {
  try {
    return await runAgent({ joinFile });
  } catch (error) {
    return printError(error, { json: false, debug: process.env['OUTFLOW_DEBUG'] === '1' });
  }
}
