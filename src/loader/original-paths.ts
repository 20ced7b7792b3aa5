// How a file in the bundle still knows where it came from: `import.meta`, `__dirname` and `__filename` name the original file.
//
// The bundle holds paths from the pipeline's directory only; the directory itself is told at run time through
// `globalThis[Symbol.for('outflow.pipeline-dir')]`. esbuild replaces the names (it knows scopes) by properties of one variable,
// which each file that mentions them imports. An import may stand at the end, so that no line and column of the file moves.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Loader, Plugin } from 'esbuild';

/** Occurs in the output where some file mentions one of the names. */
export const META = '__outflow_meta';

export const META_DEFINE: Record<string, string> = {
  'import.meta': META,
  __dirname: `${META}.dirname`,
  __filename: `${META}.filename`,
};

/** An export that says of a bundle: the pipeline is CommonJS, and all that it exports is in `default`. */
export const COMMONJS = '__outflow_commonjs';

/** Stands at the top of each bundle; one line. */
export const RUNTIME =
  `const __outflow_dir=globalThis[Symbol.for('outflow.pipeline-dir')];` +
  `const __outflow_path=process.getBuiltinModule('node:path'),__outflow_url=process.getBuiltinModule('node:url');` +
  `const __outflow_require=(from)=>process.getBuiltinModule('node:module').createRequire(__outflow_path.join(__outflow_dir,from,'outflow-bundle.mjs'));` +
  `const require=__outflow_require('');` +
  `const ${META}_of=(file)=>{const filename=__outflow_path.join(__outflow_dir,file);const url=__outflow_url.pathToFileURL(filename).href;` +
  `return{url,filename,dirname:__outflow_path.dirname(filename),main:false,` +
  `resolve:(name)=>/^[./]/.test(name)?new URL(name,url).href:__outflow_url.pathToFileURL(__outflow_require(__outflow_path.dirname(file)).resolve(name)).href}};`;

const MENTIONS = /\bimport\.meta\b|\b__dirname\b|\b__filename\b/;
const ES_MODULE = /^[ \t]*(?:import\b(?!\s*\()|export\b)|\bimport\.meta\b|^\s*(?:\/\/.*\n\s*)*await\b/m;

/** Gives each file that mentions its own place a variable that holds it. */
export function originalPaths(pipelineDir: string): Plugin {
  return {
    name: 'original-paths',
    setup(build) {
      build.onResolve({ filter: /^outflow-meta:/ }, ({ path: name }) => ({
        path: name.slice('outflow-meta:'.length),
        namespace: 'outflow-meta',
      }));
      build.onLoad({ filter: /./, namespace: 'outflow-meta' }, ({ path: file }) => ({
        contents: `export const ${META} = /* @__PURE__ */ ${META}_of(${JSON.stringify(file)})`,
      }));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8');
        if (!MENTIONS.test(text)) return undefined;
        const name = JSON.stringify(`outflow-meta:${path.relative(pipelineDir, file)}`);
        return { contents: withMeta(file, text, name), loader: path.extname(file).replace(/^\.[cm]?/, '') as Loader };
      });
    },
  };
}

function withMeta(file: string, text: string, name: string): string {
  const isEsModule = /\.m[jt]s$/.test(file) || (!/\.c[jt]s$/.test(file) && ES_MODULE.test(text));
  if (isEsModule) return `${text}\nimport { ${META} } from ${name};`;
  // CommonJS: after a hashbang and the directive that must come first.
  return text.replace(/^(?:#![^\n]*\n)?(?:\s*(['"])use strict\1;?)?/, (start) => `${start}var { ${META} } = require(${name});`);
}
