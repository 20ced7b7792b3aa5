// Reads what sbatch said when it did not print an id: was it refused, and why; or is it unclear whether the job exists.

export type Refusal =
  | { kind: 'refused'; why: 'size' | 'limit' | 'invalid'; message: string; limit?: string }
  | { kind: 'unclear'; message: string };

/** The controller did not say no: it, or the way to it, was silent. The job may exist. */
const UNCLEAR = [
  /timed out/i,
  /unable to contact slurm controller/i,
  /zero bytes were transmitted/i,
  /transport endpoint is not connected/i,
  /(communication|connection|message (send|receive)|send|receive|shutdown) failure/i,
  /connection (refused|reset|closed)|broken pipe/i,
  /rate limit exceeded/i,
  /controller (not responding|is in standby)|standby mode|process is shutting down/i,
  /header lengths are longer|insane message length|unexpected (missing socket|message)/i,
];

/** More of these jobs than may be in the queue: fewer at a time, or later. */
const LIMIT =
  /(MaxSubmitJob|GrpSubmitJobs|MaxJobsLimit|MaxJobsPer|GrpJobsLimit)|MaxJobCount limit reached|invalid job array specification|temporarily unable to accept job/i;
/** Slurm's names of an association's or a QOS's limits. */
const NAMED_LIMIT = /\b((?:Assoc|QOS)(?:Grp|Max|Min)\w+|Max\w+PerAccount|MaxMemPerLimit)\b/;
/** The generic text that stands alone where the limit is not named; what it usually means. */
const POLICY = /violates accounting\/QOS policy/i;
/** No node is as large as what was asked for. */
const SIZE = [
  /requested (node|partition|topology) configuration (is )?not available/i,
  /can ?not be satisfied/i,
  /more processors requested than permitted/i,
  /node count specification invalid|cpu count specification invalid/i,
  /memory required by task is not available/i,
  /insufficient gres/i,
];

export function refusalOf(stderr: string): Refusal {
  const message = slurmsWords(stderr);
  if (UNCLEAR.some((pattern) => pattern.test(message))) return { kind: 'unclear', message };
  const named = NAMED_LIMIT.exec(message)?.[1] ?? (/MaxJobCount|job array/i.test(message) ? limitBehind(message) : undefined);
  return { kind: 'refused', why: whyOf(message, named), message, ...(named === undefined ? {} : { limit: named }) };
}

function limitBehind(message: string): string {
  return /MaxJobCount/i.test(message) ? 'MaxJobCount' : 'MaxArraySize';
}

function whyOf(message: string, limit: string | undefined): 'size' | 'limit' | 'invalid' {
  if (LIMIT.test(message)) return 'limit';
  if (limit !== undefined)
    return /Wall|Minutes|Min(Cpu|Mem|Node|GRES|BB|Billing|Energy|License|Unknown)/.test(limit) ? 'invalid' : 'size';
  if (POLICY.test(message)) return 'limit';
  return SIZE.some((pattern) => pattern.test(message)) ? 'size' : 'invalid';
}

/** Without the programs' names and levels, each line once. */
export function slurmsWords(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^(?:(?:sbatch|squeue|scontrol|scancel|sinfo|slurm_\w+|error|fatal|warning): *)+/i, '').trim())
    .filter((line) => line !== '' && !/^Try "\w+ --help"/.test(line));
  return [...new Set(lines)].join('\n');
}
