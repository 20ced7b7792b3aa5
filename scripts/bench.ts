// `npm run bench [-- NAME …]`: measures what docs/performance.md promises, prints a table, writes bench-results/latest.json.
// Everything runs in one fresh state root, so the figures of one call belong together; medians are printed.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Table from 'cli-table3';
import { Bench } from './bench/bench.ts';
import { EXECUTABLE } from './bench/executable.ts';
import { LOCAL } from './bench/local.ts';
import { SLURM } from './bench/slurm.ts';

const MEASUREMENTS = [...LOCAL, ...EXECUTABLE, ...SLURM];

const wanted = process.argv.slice(2);
const chosen = MEASUREMENTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) {
  console.error(`no measurement of that name; there are: ${MEASUREMENTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const bench = await Bench.open();
const table = new Table({ head: ['measurement', 'figure', 'median', 'all', 'must reach'], style: { head: [], border: [] } });
const results = [];
try {
  for (const measurement of chosen) {
    const missing = measurement.missing?.();
    if (missing !== undefined) {
      process.stderr.write(`${measurement.name}: left out, ${missing}\n`);
      continue;
    }
    process.stderr.write(`${measurement.name}: ${measurement.what}\n`);
    for (const figure of await measurement.measure(bench)) {
      const median = [...figure.values].sort((a, b) => a - b)[Math.floor(figure.values.length / 2)] as number;
      const shown = (value: number): string =>
        `${value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)} ${figure.unit}`;
      table.push([
        measurement.name,
        figure.name,
        shown(median),
        figure.values.map((value) => (value >= 100 ? Math.round(value) : value.toFixed(2))).join(' '),
        figure.goal,
      ]);
      results.push({ measurement: measurement.name, ...figure, median });
    }
  }
} finally {
  await bench.close();
}
console.log(table.toString());
const directory = path.join(import.meta.dirname, '..', 'bench-results');
mkdirSync(directory, { recursive: true });
writeFileSync(
  path.join(directory, 'latest.json'),
  `${JSON.stringify({ node: process.version, cpus: bench.cpus, results }, null, 2)}\n`,
);
