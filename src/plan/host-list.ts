// Lists of nodes as Slurm writes them: `login1,node[01-12,20],rack[1-2]n[1-4]`.

/** More than any site has; a longer list is left to Slurm. */
const MOST = 20_000;

/** The names in it; undefined: it is the path of a file, or no list that we can read. */
export function hostNames(text: string): string[] | undefined {
  if (text.includes('/')) return undefined;
  const names: string[] = [];
  for (const part of text.trim().split(/,(?![^[]*\])/)) {
    const expanded = expand(part.trim(), MOST - names.length);
    if (expanded === undefined) return undefined;
    names.push(...expanded);
  }
  return names;
}

function expand(part: string, room: number): string[] | undefined {
  const [, before, ranges, after] = /^([^[\]]*)\[([\d,-]+)\](.*)$/.exec(part) ?? [];
  if (before === undefined || ranges === undefined || after === undefined) return /^[\w.-]+$/.test(part) ? [part] : undefined;
  const rest = after === '' ? [''] : expand(after, room);
  if (rest === undefined) return undefined;
  const names: string[] = [];
  for (const range of ranges.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || last === undefined || Number(last) - Number(first) > room) return undefined;
    for (let number = Number(first); number <= Number(last); number++)
      for (const end of rest) names.push(`${before}${String(number).padStart(first.length, '0')}${end}`);
  }
  return names.length > room ? undefined : names;
}
