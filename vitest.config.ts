// The rings of tests as vitest projects: `npx vitest run --project unit`. `npm test` runs them all.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig, type Plugin, type TestProjectInlineConfiguration } from 'vitest/config';
import { protoModule } from './scripts/proto-module.mjs';

const root = import.meta.dirname;

/** SQL files are imported as text, protocol files as codecs, as in the build. */
const otherFiles: Plugin = {
  name: 'other-files',
  enforce: 'pre',
  load(id) {
    if (id.endsWith('.sql')) return `export default ${JSON.stringify(readFileSync(id, 'utf8'))};`;
    return id.endsWith('.proto') ? protoModule(id) : null;
  },
};

type Options = TestProjectInlineConfiguration['test'];

function project(name: string, include: string[], testTimeoutMs = 60_000, more: Options = {}): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include, testTimeout: testTimeoutMs, hookTimeout: testTimeoutMs, ...more } };
}

/**
 * Tests that drive the program from outside; they run against the executable, too. Left to the clone: those of test/e2e/agent,
 * loader and rpc, which import modules and play one side themselves.
 */
const DRIVING = ['test/e2e/cli/**/*.test.ts', 'test/e2e/run/**/*.test.ts', 'test/e2e/exec/**/*.test.ts'];

/** For files that share what `globalSetup` finds: after all other projects. */
function afterOthers(globalSetup: string): Options {
  return { globalSetup: [globalSetup], sequence: { groupOrder: 1 } };
}

export default defineConfig({
  plugins: [otherFiles],
  resolve: { alias: [{ find: /^outflow$/, replacement: path.join(root, 'src', 'index.ts') }] },
  define: { __OUTFLOW_VERSION__: '"0.0.0-test"', __OUTFLOW_COMMIT__: '"unknown"' },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/support/reporter.ts'],
    projects: [
      // Pure and fast.
      project('unit', ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts']),
      // The whole decision core under simulated faults, from seeds.
      project('simulation', ['test/simulation/**/*.test.ts', 'test/sim/**/*.test.ts']),
      // A real embedded Postgres.
      project('postgres', ['test/postgres/**/*.test.ts']),
      // Real processes of the built program.
      project('e2e', ['test/e2e/**/*.test.ts'], 120_000),
      // The same against the single executable, in a place where nothing else is.
      project('executable', [...DRIVING, 'test/executable/**/*.test.ts'], 120_000, {
        globalSetup: ['./test/support/executable-setup.ts'],
      }),
      // A real Slurm, where there is one: two virtual clusters, on each one file at a time.
      project('slurm', ['test/slurm/**/*.test.ts'], 120_000, afterOthers('./test/support/slurm-setup.ts')),
      // The code blocks of the documentation.
      project('docs', ['test/docs/**/*.test.ts'], 120_000),
      // The style guide.
      project('tidy', ['test/tidy.test.ts']),
    ],
  },
});
