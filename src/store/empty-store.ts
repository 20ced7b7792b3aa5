// A database in which outflow has never stored anything, as reading commands see it: no runs, and nothing is made.
import { OutflowError } from '../model/errors.ts';
import { unknownRun } from './queries/find-runs.ts';
import type { Store } from './store.ts';

export function emptyStore(): Store {
  const noRun = async (run: string): Promise<never> => {
    throw unknownRun(run);
  };
  const notHere = async (): Promise<never> => {
    throw new OutflowError('database-half-migrated', "outflow's tables have not been made in this database", {
      hint: '`outflow run` and `outflow submit` make them',
    });
  };
  return {
    createRun: notHere,
    takeRun: noRun,
    renewLease: noRun,
    releaseLease: noRun,
    loadRun: noRun,
    commit: noRun,
    requestCancel: noRun,
    cancelRequested: noRun,
    // biome-ignore lint/correctness/useYield: it throws before it would
    unitOutputs: async function* (run) {
      throw unknownRun(run);
    },
    unitOutput: noRun,
    putBlob: notHere,
    hasBlob: async () => false,
    // biome-ignore lint/correctness/useYield: it throws before it would
    getBlob: async function* (sha256) {
      throw new OutflowError('internal', `there is no blob ${sha256}`);
    },
    removeCutOffUploads: async () => 0,
    findRun: noRun,
    listRuns: async () => [],
    stepSummaries: noRun,
    units: noRun,
    logs: (query) => noRun(query.run),
    close: async () => {},
  };
}
