// Aligned columns without lines, for people; numbers to the right.
import Table from 'cli-table3';
import type { Paint } from './style.ts';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export interface Column {
  head: string;
  right?: boolean;
}

/** The lines of a table, its head dim. A column without any content is left out. */
export function table(columns: readonly Column[], rows: readonly string[][], paint: Paint): string[] {
  const shown = columns.map((_, at) => rows.some((row) => (row[at] ?? '') !== ''));
  const pick = <T>(cells: readonly T[]): T[] => cells.filter((_, at) => shown[at]);
  const made = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: pick(columns).map(({ head }) => paint('dim', head)),
    colAligns: pick(columns).map(({ right }) => (right ? 'right' : 'left')),
  });
  made.push(...rows.map((row) => pick(row)));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
