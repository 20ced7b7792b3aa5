// Counts what the tests came to, names what failed, and says the counts in the very last line: `N passed, N failed, N skipped`.
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestRunEndReason, TestSuite } from 'vitest/node';
import type { SealedPlace } from './executable-setup.ts';
import type { SlurmFound } from './slurm-setup.ts';

const WHY_CHARACTERS = 200;

/**
 * A file that could not be loaded, a failed hook and an error outside of any test count as a failure each.
 * With `OUTFLOW_TEST_COUNTS` set, the counts go to that file as JSON and `npm test` prints the line.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += failuresOutsideOfTests(module);
      for (const suite of module.children.allSuites()) counts.failed += failuresOutsideOfTests(suite);
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'skipped' : state] += 1;
      }
    }
    const nothingRan = counts.passed + counts.failed + counts.skipped === 0;
    if (counts.failed === 0 && (nothingRan || reason !== 'passed')) counts.failed = 1;

    const notes = [...failedTests(modules), ...withoutSlurm(modules), ...withoutNamespace(modules)];
    const file = process.env.OUTFLOW_TEST_COUNTS;
    if (file) {
      writeFileSync(file, JSON.stringify({ ...counts, notes }));
      return;
    }
    for (const note of notes) console.log(note);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

/** One line each: where the output is long or cut off, they are all at its end. */
function failedTests(modules: readonly TestModule[]): string[] {
  return modules.flatMap(({ project, relativeModuleId, children }) =>
    [...children.allTests('failed')].map((test) => {
      const [why = ''] = (test.result().errors?.[0]?.message ?? '').split('\n', 1);
      return `failed: ${project.name} ${relativeModuleId} > ${test.fullName}: ${why.slice(0, WHY_CHARACTERS)}`;
    }),
  );
}

/** How many tests did not run because there is no Slurm, and why that is. */
function withoutSlurm(modules: readonly TestModule[]): string[] {
  const ofSlurm = modules.filter(({ project }) => project.name === 'slurm');
  const slurm: SlurmFound | undefined = ofSlurm[0]?.project.getProvidedContext().slurm;
  if (slurm?.state !== 'absent') return [];
  const skipped = ofSlurm.flatMap((module) => [...module.children.allTests('skipped')]).length;
  return [`${skipped} skipped: no Slurm here (${slurm.why}): scripts/slurm-cluster up`];
}

function withoutNamespace(modules: readonly TestModule[]): string[] {
  const { project } = modules.find(({ project: { name } }) => name === 'executable') ?? {};
  const place: SealedPlace | undefined = project?.getProvidedContext().sealed;
  return place?.unsealed ? [`the executable was tested without a namespace of its own: ${place.unsealed}`] : [];
}

function failuresOutsideOfTests(of: TestModule | TestSuite): number {
  return of.errors().length > 0 ? 1 : 0;
}
