// The migrations of outflow's own tables, in their order. The build, and the tests, import SQL files as text.
import type { Migration } from '../../db/migrate.ts';
import runsAndUnits from './0001_runs_and_units.sql';
import slurm from './0002_slurm.sql';

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001_runs_and_units.sql', sql: runsAndUnits },
  { name: '0002_slurm.sql', sql: slurm },
];
