// The hidden sub-programs of outflow from its sources, for tests that must not depend on a build (OUTFLOW_SELF).
const [name, ...rest] = process.argv.slice(2);

if (name === '__keeper') await (await import('../../src/store/embedded/keeper.ts')).runKeeper(rest);
else throw new Error(`no such sub-program: ${name}`);
