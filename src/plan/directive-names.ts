// Options of sbatch as people write them, and as outflow keeps them: by their long names, without those that are outflow's own.
import { type ErrorCode, OutflowError } from '../model/errors.ts';
import type { Directives } from './plan.ts';
import { memoryMib, timeMinutes } from './slurm-values.ts';

const UNITS_DO = 'outflow starts one agent on each node, which packs units: set `cpusPerTask` and the like on the mapTask';
const LINES = 'what units print is in `outflow logs`, what an allocation prints in the directory of its run';
const ENVIRONMENT = "units get the environment of the shell that submits; add to it with a task's `env` or with `prologue`";
const NO_REQUEUE = 'outflow replaces an allocation that is lost, and runs again what it lost: `--no-requeue` is always set';
const ITS_CALL = 'outflow calls sbatch, and reads what it prints, in its own way';
const TO_TELL = 'outflow watches its allocations by itself, and waits for them as long as they are needed';
const AS_YOU = 'allocations belong to the user who submits';
const CLUSTER = 'allocations are made on the cluster of the host where outflow runs: submit from a login node of the other';
const AT_THE_END = 'outflow tells agents and units itself when an allocation ends';

/** Options that outflow sets or that break what it does, with what to do instead. */
export const OWNED = {
  array: 'outflow makes as many allocations as the work needs: bound them with `maxAllocations`',
  nodes: 'set `nodesPerAllocation` (in outflow.config, or --nodes-per-allocation)',
  nodefile: 'name the nodes in `nodelist`',
  'job-name': 'outflow finds its jobs by their names: describe them with `comment` or `wckey`',
  wrap: 'put lines of shell into `prologue`: they run before the agent',
  chdir: 'units run where outflow was called',
  output: LINES,
  error: LINES,
  input: LINES,
  'open-mode': LINES,
  export: ENVIRONMENT,
  'export-file': ENVIRONMENT,
  'get-user-env': ENVIRONMENT,
  requeue: NO_REQUEUE,
  'no-requeue': NO_REQUEUE,
  cluster: CLUSTER,
  clusters: CLUSTER,
  'cluster-constraint': CLUSTER,
  ntasks: UNITS_DO,
  'ntasks-per-node': UNITS_DO,
  'ntasks-per-core': UNITS_DO,
  'ntasks-per-socket': UNITS_DO,
  'ntasks-per-gpu': UNITS_DO,
  overcommit: UNITS_DO,
  distribution: UNITS_DO,
  signal: AT_THE_END,
  'no-kill': 'an allocation whose node dies is replaced: outflow sets this where an allocation has several nodes',
  propagate: 'limits of the login node stay there: `--propagate=NONE` is always set',
  wait: TO_TELL,
  hold: TO_TELL,
  parsable: ITS_CALL,
  quiet: ITS_CALL,
  verbose: ITS_CALL,
  help: ITS_CALL,
  usage: ITS_CALL,
  version: ITS_CALL,
  'test-only': '`outflow plan … --backend slurm --test-only` asks Slurm when the allocations would start',
  uid: AS_YOU,
  gid: AS_YOU,
} as const satisfies Record<string, string>;

export function isOwned(name: string): name is keyof typeof OWNED {
  return Object.hasOwn(OWNED, name);
}

const SHORT: Readonly<Record<string, string>> = {
  a: 'array',
  A: 'account',
  b: 'begin',
  B: 'extra-node-info',
  c: 'cpus-per-task',
  C: 'constraint',
  d: 'dependency',
  D: 'chdir',
  e: 'error',
  F: 'nodefile',
  G: 'gpus',
  h: 'help',
  H: 'hold',
  i: 'input',
  J: 'job-name',
  k: 'no-kill',
  L: 'licenses',
  m: 'distribution',
  M: 'clusters',
  n: 'ntasks',
  N: 'nodes',
  o: 'output',
  O: 'overcommit',
  p: 'partition',
  q: 'qos',
  Q: 'quiet',
  s: 'oversubscribe',
  S: 'core-spec',
  t: 'time',
  v: 'verbose',
  V: 'version',
  w: 'nodelist',
  W: 'wait',
  x: 'exclude',
};

/** Options that mean nothing without a value. */
const WITH_VALUE = new Set(
  'partition time time-min mem mem-per-cpu mem-per-gpu account qos constraint gres gpus gpus-per-node cpus-per-task reservation nodelist exclude licenses dependency begin deadline comment mail-type mail-user tmp wckey'.split(
    ' ',
  ),
);

const TIMES = new Set(['time', 'time-min']);
const MEMORIES = new Set(['mem', 'mem-per-cpu', 'mem-per-gpu']);

/** `memPerCpu`, `mem-per-cpu`, `--mem-per-cpu` and `p` are `mem-per-cpu` and `partition`. */
export function directiveName(written: string): string {
  const name = written.replace(/^--?/, '');
  return SHORT[name] ?? name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

/**
 * By their long names, each value fit to be passed on. `where`: for messages, such as `` `sbatch` of map m ``; `code`: of the error
 * for an option that is outflow's own, or a value that cannot be one.
 */
export function normalDirectives(given: unknown, where: string, code: ErrorCode = 'bad-directive'): Directives {
  const fail = (message: string, hint?: string): never => {
    throw new OutflowError(code, `${where} ${message}`, { hint });
  };
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return fail('must be an object of options of sbatch', "such as { partition: 'short', time: '2:00:00' }");
  const directives: Directives = {};
  const written = new Map<string, string>();
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = directiveName(key);
    if (!/^[a-z][a-z0-9-]*$/.test(name)) fail(`sets \`${key}\`, which is not a name of an option of sbatch`);
    if (isOwned(name)) fail(`cannot set \`${key}\`: outflow decides that itself`, OWNED[name]);
    const other = written.get(name);
    if (other !== undefined) fail(`sets one option twice: \`${other}\` and \`${key}\``);
    written.set(name, key);
    const problem = valueProblem(name, value);
    if (problem !== undefined) fail(`sets \`${key}\` to ${JSON.stringify(value) ?? typeof value}${problem.what}`, problem.hint);
    directives[name] = value as string | number | boolean;
  }
  return directives;
}

function valueProblem(name: string, value: unknown): { what: string; hint?: string } | undefined {
  if (value === false) return undefined;
  if (value === true) return WITH_VALUE.has(name) ? { what: ': it needs a value' } : undefined;
  if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'string')
    return {
      what: ', which cannot be passed to sbatch',
      hint: 'a text, a number, true for an option without a value, or false to take it back',
    };
  if (value === '') return { what: ': it needs a value', hint: 'false takes back what was said elsewhere' };
  if (/\p{Cc}/u.test(String(value))) return { what: ', which has control characters in it' };
  if (TIMES.has(name) && timeMinutes(value) === undefined)
    return { what: ', which is not a time', hint: 'minutes, H:MM:SS, D-HH or D-HH:MM:SS: 30, 2:00:00, 1-12' };
  if (MEMORIES.has(name) && memoryMib(value) === undefined)
    return { what: ', which is not an amount of memory', hint: 'a whole number with K, M, G or T; without, of MiB: 500M, 64G' };
  return undefined;
}

/** What `--sbatch NAME=VALUE` and `--sbatch NAME` say, a later one over an earlier one. Throws `bad-flag`. */
export function directivesOfFlags(texts: readonly string[]): Directives {
  const directives: Directives = {};
  for (const text of texts) {
    const equals = text.indexOf('=', 1);
    const [name, value] = equals < 0 ? [text, true] : [text.slice(0, equals), booleanOr(text.slice(equals + 1))];
    Object.assign(directives, normalDirectives({ [name]: value }, '--sbatch', 'bad-flag'));
  }
  return directives;
}

function booleanOr(text: string): string | boolean {
  return text === 'true' ? true : text === 'false' ? false : text;
}
