// Slurm as a run needs it: its commands, a version that has what outflow uses, nodes, and a partition with time.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Directive, PartitionFacts, SiteFacts, SlurmSettings } from '../../src/plan/slurm.ts';
import { timeMinutes, timeText } from '../../src/plan/slurm-values.ts';
import { Slurm } from '../../src/provider/slurm/index.ts';
import { counted } from '../text/format.ts';
import { type Finding, missing, missingBy, ok, warning } from './finding.ts';

const COMMANDS = ['sbatch', 'squeue', 'scontrol', 'scancel', 'sinfo'];
/** `srun --overlap`, without which a unit's own srun waits for ever. */
const OLDEST = [20, 11] as const;
const NAMED_PARTITIONS = 6;

/** Nodes whose state keeps jobs away. */
const OUT_OF_SERVICE = /^(down|drain|fail|error|maint|unknown|future|reserved|inval)/;

export async function slurmFindings(settings: SlurmSettings, directives: readonly Directive[]): Promise<Finding[]> {
  const commands = commandsFinding(process.env['PATH'] ?? '');
  if (commands.verdict === 'missing') return [commands];
  const slurm = new Slurm();
  try {
    const version = await slurm.version();
    const site = await slurm.site();
    return [commands, versionFinding(version), ...siteFindings(site, settings, directives)];
  } catch (error) {
    return [commands, missingBy('controller', error)];
  }
}

export function commandsFinding(searchPath: string): Finding {
  const found = COMMANDS.map((name) => whichOf(name, searchPath));
  const lacking = COMMANDS.filter((_, at) => found[at] === null);
  if (lacking.length > 0) {
    return missing(
      'commands',
      `${lacking.join(', ')} ${lacking.length === 1 ? 'is' : 'are'} not on the PATH`,
      'call outflow on a host that submits to Slurm (a login node); `module load slurm` may be needed there',
    );
  }
  const directories = [...new Set(found.map((file) => path.dirname(file as string)))];
  return ok('commands', `${COMMANDS.join(', ')} in ${directories.join(', ')}`);
}

function whichOf(program: string, searchPath: string): string | null {
  for (const directory of searchPath.split(path.delimiter)) {
    const file = path.join(directory, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this directory.
    }
  }
  return null;
}

export function versionFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!isOld) return ok('version', `Slurm ${version}`);
  return missing('version', `Slurm ${version}`, `outflow needs ${OLDEST.join('.')} or later, whose srun knows --overlap`);
}

export function siteFindings(site: SiteFacts, settings: SlurmSettings, directives: readonly Directive[]): Finding[] {
  return [nodesFinding(site), arrayFinding(site, settings), ...partitionFindings(site, directives)];
}

function nodesFinding({ nodes }: SiteFacts): Finding {
  const usable = nodes.filter(({ state }) => !OUT_OF_SERVICE.test(state));
  if (usable.length === nodes.length && nodes.length > 0) return ok('nodes', `${counted(nodes.length, 'node')}, all in service`);
  const found = `${usable.length} of ${counted(nodes.length, 'node')} in service`;
  return usable.length > 0 ? ok('nodes', found) : warning('nodes', found, '`sinfo -R` tells why; jobs wait until some are back');
}

function arrayFinding({ maxArraySize }: SiteFacts, { maxAllocations }: SlurmSettings): Finding {
  const found = `MaxArraySize ${maxArraySize}`;
  if (maxArraySize < 1) return missing('job arrays', found, 'outflow asks for its jobs as arrays: have MaxArraySize raised');
  if (maxArraySize >= maxAllocations) return ok('job arrays', found);
  return warning(
    'job arrays',
    found,
    `that is less than maxAllocations (${maxAllocations}): jobs are asked for in several calls`,
  );
}

function partitionFindings(site: SiteFacts, directives: readonly Directive[]): Finding[] {
  const said = (name: string): Directive['value'] | undefined => directives.find((it) => it.name === name)?.value;
  const named = said('partition');
  if (named === undefined) {
    const standard = site.partitions.find(({ isDefault }) => isDefault);
    if (standard !== undefined) return [partitionFinding(standard, site, said('time'))];
    const advice = `name one: \`sbatch: { partition: … }\` or --sbatch partition=NAME; there are ${namesOf(site.partitions)}`;
    return [warning('partition', 'the site has no default', advice)];
  }
  return String(named)
    .split(',')
    .map((name) => {
      const partition = site.partitions.find((it) => it.name === name);
      if (partition !== undefined) return partitionFinding(partition, site, said('time'));
      return missing('partition', `Slurm shows no partition ${name}`, `there are ${namesOf(site.partitions)}`);
    });
}

function partitionFinding(partition: PartitionFacts, site: SiteFacts, time: Directive['value'] | undefined): Finding {
  const { name, isDefault, isUp, defaultTimeMinutes, maxTimeMinutes } = partition;
  const most = maxTimeMinutes === null ? 'no time limit' : `at most ${timeText(maxTimeMinutes)}`;
  const standard = defaultTimeMinutes === null ? '' : `, ${timeText(defaultTimeMinutes)} where no time is set`;
  const others = site.partitions.length - 1;
  const found = `${name}${isDefault ? ' (the default)' : ''}: ${most}${standard}${others > 0 ? `; ${others} more` : ''}`;
  if (!isUp)
    return missing(
      'partition',
      `${name} is down`,
      `choose another, or ask the administrators; there are ${namesOf(site.partitions)}`,
    );
  const minutes = time === undefined ? undefined : timeMinutes(time);
  if (minutes !== undefined && maxTimeMinutes !== null && minutes > maxTimeMinutes) {
    const asked = Number.isFinite(minutes) ? timeText(minutes) : 'no limit';
    return missing('partition', found, `time=${String(time)} asks for ${asked}: no allocation would start; set a shorter one`);
  }
  return ok('partition', found);
}

function namesOf(partitions: readonly PartitionFacts[]): string {
  const up = partitions.filter(({ isUp }) => isUp).map(({ name }) => name);
  const more = up.length - NAMED_PARTITIONS;
  return `${up.slice(0, NAMED_PARTITIONS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
