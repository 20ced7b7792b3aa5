// The one program (`outflow.cjs`): its hidden sub-programs by their first word, else the command line. Nothing is loaded that is not asked for.
import { completeEnvironment } from '../src/system/user.ts';
import type { HeadStart } from './pipeline/head-start.ts';
import { pipelineVerb, wantsHelp } from './words.ts';

const words = process.argv.slice(2);

/** Resolves with the exit code. */
async function main(): Promise<number> {
  completeEnvironment();
  const [first, ...rest] = words;
  switch (first) {
    case '__coordinator':
      return await (await import('../src/coordinator/main.ts')).runCoordinator(rest[0] ?? '', { isNew: rest[1] === 'new' });
    case '__host':
      return await (await import('../agent/host/main.ts')).runHost();
    case '__plan-host':
      await (await import('../src/loader/plan-host.ts')).runPlanHost();
      return 0;
    case '__keeper':
      await (await import('../src/store/embedded/keeper.ts')).runKeeper(rest);
      return 0;
    case '__probe':
      return await (await import('./doctor/probe/on-node.ts')).runProbe(rest);
    default:
      break;
  }
  // An agent is started by programs, and waited for: it does without what only a command line needs.
  const [flag, joinFile, other, allocation] = rest;
  if (first === 'agent' && flag === '--join' && joinFile !== undefined) {
    const { runAgentOf } = await import('./run-agent.ts');
    if (rest.length === 2) return await runAgentOf({ joinFile });
    if (rest.length === 4 && other === '--allocation' && allocation !== undefined)
      return await runAgentOf({ joinFile, allocation });
  }
  const start = await headStart();
  return await (await import('./command-line.ts')).commandLine(words, start);
}

/** Undefined: what was typed is no command on a pipeline. */
async function headStart(): Promise<HeadStart | undefined> {
  const verb = pipelineVerb(words[0]);
  if (verb === undefined || wantsHelp(words)) return undefined;
  return new (await import('./pipeline/head-start.ts')).HeadStart(verb, words.slice(1));
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // The command line reports its own errors: this is a hidden program's, into its log.
    console.error(error);
    process.exitCode = 70;
  },
);
