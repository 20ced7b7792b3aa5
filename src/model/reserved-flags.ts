// The flags that outflow's own commands take: a command's argument may not be named like one of them.

export const RESERVED_FLAGS: ReadonlySet<string> = new Set([
  'agent', 'backend', 'config', 'failed', 'follow', 'force', 'graph', 'grep', 'help', 'join', 'json', 'limit', 'listen', 'pipeline',
  'probe', 'quiet', 'sbatch', 'since', 'step', 'test-only', 'unit', 'verbose', 'version', 'workers',
]);
