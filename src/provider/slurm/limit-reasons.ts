// The limits of associations (an account, a user in it) and QOS as reasons to wait: about 150 names, built of few parts.
import type { Waiting } from '../../plan/slurm.ts';

interface Resource {
  name: string;
  /** What the user can change to ask for less. */
  change: string;
}

const RESOURCES: [RegExp, Resource][] = [
  [/^cpu/i, { name: 'CPUs', change: 'ask for fewer CPUs (`sbatch: { cpusPerTask }`)' }],
  [/^mem/i, { name: 'memory', change: 'lower `mem`' }],
  [/^node/i, { name: 'nodes', change: 'lower nodesPerAllocation' }],
  [/^gres/i, { name: 'GPUs or other generic resources', change: 'lower `gpusPerTask` or `gres`' }],
  [/^wall/i, { name: 'time', change: 'set a shorter `time`' }],
  [/^bb/i, { name: 'burst buffer', change: 'ask for less of it' }],
  [/^lic/i, { name: 'licenses', change: 'lower `licenses`' }],
  [/^energy/i, { name: 'energy', change: 'ask for less' }],
  [/^billing/i, { name: 'billing units', change: 'ask for fewer CPUs, less memory or fewer GPUs' }],
  [/^(submit)?jobs?/i, { name: 'jobs', change: 'lower maxAllocations' }],
];

/** Undefined: not the name of a limit. */
export function limitTextOf(reason: string): [Waiting['kind'], string] | undefined {
  const found = /^(Assoc|QOS)(Grp|Max|Min)([A-Z][A-Za-z]*)$/.exec(reason) ?? /^()(Max)([A-Z][A-Za-z]*PerAccount)$/.exec(reason);
  if (!found) return undefined;
  const [, owner, how, rest = ''] = found;
  const whose = owner === 'Assoc' ? 'your account' : 'its QOS';
  const { name, change } = RESOURCES.find(([pattern]) => pattern.test(rest))?.[1] ?? {
    name: 'a resource',
    change: 'ask for less',
  };
  if (how === 'Min')
    return ['never', `it asks for fewer ${name} than ${whose} demands (${reason}): ask for more, or set another \`qos\``];
  if (how === 'Grp') return sharedLimit(reason, rest, whose, name);
  if (/PerJob|PerNode/.test(rest)) {
    const per = rest.includes('PerNode') ? 'node' : 'job';
    const what = rest.includes('Minutes') ? `${name} × minutes` : name;
    const shorter = rest.includes('Minutes') ? ', or set a shorter `time`' : '';
    return ['never', `it asks for more ${what} than ${whose} allows a ${per} (${reason}): ${change}${shorter}`];
  }
  const who = rest.includes('PerAccount') ? 'all jobs of your account' : 'your other jobs';
  return ['wait', `${who} use as many ${name} as ${whose} allows (${reason})`];
}

/** Of everybody in the account or QOS together. What runs comes back; a budget of past use does not, or slowly. */
function sharedLimit(reason: string, rest: string, whose: string, name: string): [Waiting['kind'], string] {
  if (/Minutes|Wall/.test(rest) && !rest.includes('RunMinutes')) {
    return [
      'admin',
      `the time that ${whose} has is used up (${reason}): use another \`account\` or \`qos\`, or ask the administrators`,
    ];
  }
  const hint = 'if nothing of it runs, this job alone is more than allowed: ask for less';
  return ['wait', `all of ${whose} together use as much as allowed: ${name} (${reason}); ${hint}`];
}
