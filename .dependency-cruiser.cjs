// The floors of outflow as rules (ARCHITECTURE.md): imports go down only, never sideways, without cycles; and which
// packages may be used where. Run by `npm run check`. The rules are made from the two tables below: change those.

/**
 * Lowest floor first; the parts of one floor do not know each other. A part may import itself and all lower floors.
 * `except` names lower parts that it may not import all the same, `pure` forbids `node:*` and all packages but the named.
 */
const floors = [
  [{ part: 'src/base', pure: [] }],
  [{ part: 'src/model', pure: ['@standard-schema/spec'] }],
  [{ part: 'src/plan', pure: ['@standard-schema/spec'] }],
  [
    { part: 'src/sdk', pure: ['@standard-schema/spec'], typesOnly: ['zod'] },
    { part: 'src/core', pure: ['@standard-schema/spec'] },
  ],
  // The first floor that may touch the machine: the database's pool; directories, processes and the environment.
  [{ part: 'src/db' }, { part: 'src/system' }],
  // What users import: a part of its own, that shows sdk, db and model and nothing else.
  [{ part: 'src/index.ts', except: ['src/base', 'src/plan', 'src/core', 'src/system'] }],
  [{ part: 'src/rpc' }, { part: 'src/store' }, { part: 'src/provider' }, { part: 'src/loader' }],
  [{ part: 'src/coordinator' }, { part: 'agent', except: ['src/core', 'src/store', 'src/provider'] }],
  [{ part: 'cli' }],
];

/** Packages that belong to one place, so that it can be changed without looking elsewhere. */
const packageHomes = [
  { packages: ['slonik', 'pg'], homes: ['src/db', 'src/store'], instead: 'ask src/db for a pool or src/store for a query' },
  { packages: ['@slonik/sql-tag'], homes: ['src/db'], instead: 'import sql from src/db' },
  { packages: ['@grpc/[^/]+', 'protobufjs'], homes: ['src/rpc', 'scripts/proto-module.mjs'], instead: 'use what src/rpc offers' },
  { packages: ['esbuild'], homes: ['src/loader', 'scripts'], instead: 'ask src/loader to bundle' },
];

const inPart = (part) => (/[.]m?[jt]s$/.test(part) ? `^${part.replace('.', '[.]')}$` : `^${part}/`);
const inPackages = (packages) => `(^|/)node_modules/(${packages.join('|')})/`;
const named = (part) => part.replace(/^src\//, '').replace(/\W.*/, '');

/** What each part may not import: everything of the project that is neither itself nor on a lower floor. */
const floorRules = floors.flatMap((floor, height) =>
  floor.map(({ part, except = [] }) => {
    const below = floors.slice(0, height).flatMap((lower) => lower.map((it) => it.part));
    const allowed = [part, ...below.filter((it) => !except.includes(it))];
    return {
      name: `floor-${named(part)}`,
      comment:
        `${part} may import only itself${below.length ? ` and ${allowed.slice(1).join(', ')}` : ''}. ` +
        'Move what both need down a floor, or pass it in as an argument from above.',
      severity: 'error',
      from: { path: inPart(part) },
      to: {
        path: '^(agent|bench|cli|examples|proto|scripts|src|test)/',
        pathNot: [...allowed.map(inPart), '^proto/.+[.]proto$', '[.]sql$'],
      },
    };
  }),
);

const pureParts = floors.flat().filter((it) => it.pure);
const purityRules = pureParts.flatMap(({ part, pure, typesOnly = [] }) => [
  {
    name: `pure-${named(part)}-node`,
    comment: `${part} is pure: no clock, no chance, no node:*. Take the time, the seed, the digest as an argument.`,
    severity: 'error',
    from: { path: inPart(part) },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: `pure-${named(part)}-packages`,
    comment: `${part} is pure and uses no package${pure.length ? ` but ${pure.join(', ')}` : ''}. Do it in an adapter and pass the result in.`,
    severity: 'error',
    from: { path: inPart(part) },
    to: { path: 'node_modules/', ...(pure.length + typesOnly.length ? { pathNot: inPackages([...pure, ...typesOnly]) } : {}) },
  },
  ...typesOnly.map((name) => ({
    name: `pure-${named(part)}-types-of-${name}`,
    comment: `${part} may import types from ${name}, and nothing that runs: write \`import type\`.`,
    severity: 'error',
    from: { path: inPart(part) },
    to: { path: inPackages([name]), dependencyTypesNot: ['type-only'] },
  })),
]);

const packageRules = packageHomes.map(({ packages, homes, instead }) => ({
  name: `home-of-${packages[0].replace(/\W+/g, '-').replace(/^-|-$/g, '')}`,
  comment: `${packages.join(', ')}: only in ${homes.join(', ')}. Elsewhere, ${instead}.`,
  severity: 'error',
  from: { pathNot: [...homes.map(inPart), '^(test|scripts/bench)/'] },
  to: { path: inPackages(packages) },
}));

module.exports = {
  forbidden: [
    ...floorRules,
    ...purityRules,
    ...packageRules,
    {
      name: 'agents-transpile-nothing',
      comment: 'An agent and its hosts load the script that was bundled when the run was planned: they have no bundler.',
      severity: 'error',
      from: { path: '^agent/' },
      to: { path: '^src/loader/(bundle|esbuild)[.]ts$', reachable: true },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one thing, or share a third that belongs below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-found',
      comment: 'The imported file or package is not there. Is it in package.json?',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler interface that dependency-cruiser knows; swc reads type-only imports too.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules/[.])' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.d.ts', '.json'],
    },
  },
};
