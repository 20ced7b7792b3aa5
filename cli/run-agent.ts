// The agent, with its errors reported as those of any command.
import { type AgentCommand, runAgent } from '../agent/main.ts';
import { printError } from './errors/print-error.ts';

/** Resolves with the exit code when the agent ends. */
export async function runAgentOf(command: AgentCommand): Promise<number> {
  try {
    return await runAgent(command);
  } catch (error) {
    return printError(error, { json: false, debug: process.env['OUTFLOW_DEBUG'] === '1' });
  }
}
