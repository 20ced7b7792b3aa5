// Id of a command -> its module, loaded when the command is asked for.
import type { Command } from '@oclif/core/command';

type LoadCommand = () => Promise<{ default: Command.Class }>;

export const LAZY_COMMANDS: Readonly<Record<string, LoadCommand>> = {
  plan: () => import('./commands/plan.ts'),
  run: () => import('./commands/run.ts'),
  submit: () => import('./commands/submit.ts'),
  status: () => import('./commands/status.ts'),
  logs: () => import('./commands/logs.ts'),
  cancel: () => import('./commands/cancel.ts'),
  resume: () => import('./commands/resume.ts'),
  runs: () => import('./commands/runs.ts'),
  results: () => import('./commands/results.ts'),
  doctor: () => import('./commands/doctor.ts'),
  agents: () => import('./commands/agents.ts'),
  drain: () => import('./commands/drain.ts'),
  exec: () => import('./commands/exec.ts'),
  agent: () => import('./commands/agent.ts'),
  version: () => import('./commands/version.ts'),
  completions: () => import('./commands/completions.ts'),
  licenses: () => import('./commands/licenses.ts'),
  'db:start': () => import('./commands/db/start.ts'),
  'db:stop': () => import('./commands/db/stop.ts'),
  'db:status': () => import('./commands/db/status.ts'),
  'db:url': () => import('./commands/db/url.ts'),
};
