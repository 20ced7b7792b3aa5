// The hidden sub-programs of outflow from its sources, for tests that must not depend on a build (OUTFLOW_SELF); and small
// programs of which tests start many at once. Each prints one line of JSON, also for an error.
import './other-files.mjs';

const [name, ...rest] = process.argv.slice(2) as [string, ...string[]];

const programs: Record<string, () => Promise<unknown>> = {
  ensure: async () => (await import('../../src/store/embedded/server.ts')).ensureServer(),
  'migrate-store': async () => {
    const store = await (await import('../../src/store/index.ts')).connectStore({ url: rest[0] as string, migrate: true });
    await store.close();
    return 'migrated';
  },
  'migrate-pipeline': async () =>
    (await import('../../src/db/pipeline-database.ts')).migratePipeline(rest[0] as string, rest[1] as string),
};

if (name === '__keeper') {
  await (await import('../../src/store/embedded/keeper.ts')).runKeeper(rest);
} else {
  try {
    console.log(JSON.stringify({ ok: await programs[name]?.() }));
  } catch (error) {
    console.log(JSON.stringify({ error }));
    process.exitCode = 1;
  }
}
