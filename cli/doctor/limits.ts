// The limits (ulimit) that a process has, here or on a node, against what outflow's processes need.
import { readFileSync } from 'node:fs';
import { count } from '../text/format.ts';
import { type Finding, missing, ok, warning } from './finding.ts';

/** By the kernel's names, the soft ones; null: unlimited. */
export type Limits = Record<string, number | null>;

interface Need {
  name: string;
  /** As the shell's `ulimit` has it, with the size of its unit. */
  option: string;
  unit: number;
  noun: string;
  /** Below this a run cannot work … */
  least: number;
  /** … and below this a larger one. */
  enough: number;
  why: string;
}

const [KIB, MIB, GIB] = [2 ** 10, 2 ** 20, 2 ** 30];

const NEEDS: readonly Need[] = [
  {
    ...{ name: 'Max open files', option: '-n', unit: 1, noun: 'open files', least: 256, enough: 1024 },
    why: 'agents, task hosts and database connections are open files',
  },
  {
    ...{ name: 'Max processes', option: '-u', unit: 1, noun: 'processes', least: 128, enough: 1024 },
    why: 'it counts all of your processes and threads on the host, and each task host has some ten',
  },
  {
    ...{ name: 'Max address space', option: '-v', unit: KIB, noun: 'address space', least: 4 * GIB, enough: 32 * GIB },
    why: 'Node reserves far more addresses than it uses memory, and dies where it may not',
  },
  {
    ...{ name: 'Max data size', option: '-d', unit: KIB, noun: 'data', least: 2 * GIB, enough: 8 * GIB },
    why: "Node's heap is part of it",
  },
  {
    ...{ name: 'Max file size', option: '-f', unit: KIB, noun: 'file size', least: 64 * MIB, enough: 4 * GIB },
    why: "files of the database and of the run's values grow that large",
  },
  {
    ...{ name: 'Max cpu time', option: '-t', unit: 1, noun: 'CPU time', least: 60, enough: 24 * 3600 },
    why: 'a process that has used it up is killed: a coordinator lives as long as its run',
  },
];

/** Null where the system does not tell. */
export function readLimits(): Limits | null {
  try {
    return parseLimits(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return null;
  }
}

/** `/proc/PID/limits`: name, soft limit, hard limit, unit in columns. */
export function parseLimits(text: string): Limits {
  const rows = text.split('\n').flatMap((line): [string, number | null][] => {
    const [, name, soft] = /^(Max .+?)\s{2,}(\d+|unlimited)\s/.exec(line) ?? [];
    return name === undefined ? [] : [[name, soft === 'unlimited' ? null : Number(soft)]];
  });
  return Object.fromEntries(rows);
}

/** One line where all is well, else one for each limit that is too low. */
export function limitFindings(limits: Limits | null): Finding[] {
  if (limits === null) return [];
  const low = NEEDS.flatMap((need) => {
    const limit = limits[need.name] ?? null;
    return limit === null || limit >= need.enough ? [] : [lowFinding(need, limit)];
  });
  return low.length > 0 ? low : [ok('ulimits', summary(limits))];
}

function lowFinding(need: Need, limit: number): Finding {
  const { option, noun, least, enough, unit, why } = need;
  const advice = `${why}: \`ulimit ${option} ${enough / unit}\`, or have the administrators raise it`;
  const found = `${valueText(need, limit)} (ulimit ${option})`;
  return limit < least ? missing(noun, found, advice) : warning(noun, found, advice);
}

function summary(limits: Limits): string {
  const shown = NEEDS.filter(({ option }) => ['-n', '-u', '-v'].includes(option));
  const texts = shown.map((need) => {
    const limit = limits[need.name] ?? null;
    return `${need.noun} ${limit === null ? 'unlimited' : valueText(need, limit)}`;
  });
  return texts.join(', ');
}

function valueText({ name }: Need, limit: number): string {
  if (name === 'Max cpu time') return `${count(limit)} s`;
  if (/open files|processes/.test(name)) return count(limit);
  return limit >= GIB ? `${Number((limit / GIB).toFixed(1))} GiB` : `${count(Math.round(limit / MIB))} MiB`;
}
