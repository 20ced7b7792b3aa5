// How a file in the bundle still knows where it came from: `import.meta`, `__dirname` and `__filename` name the original file.
//
// The bundle holds paths from the pipeline's directory only; the directory itself is told at run time through
// `globalThis[Symbol.for('outflow.pipeline-dir')]`. esbuild replaces the names (it knows scopes) by properties of one variable,
// which each file that mentions them imports; `require.resolve` as well. An import may stand at the end, so that no line and column of the file moves.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Loader, Plugin } from 'esbuild';

/** Occurs in the output where some file mentions one of the names. */
export const META = '__outflow_meta';

export const META_DEFINE: Record<string, string> = {
  'import.meta': META,
  __dirname: `${META}.dirname`,
  __filename: `${META}.filename`,
  'require.resolve': `${META}.requireResolve`,
};

/** One line, before all else that is in a bundle. */
export const RUNTIME =
  `const __outflow_dir=globalThis[Symbol.for('outflow.pipeline-dir')];` +
  `const __outflow_path=process.getBuiltinModule('node:path'),__outflow_url=process.getBuiltinModule('node:url');` +
  `const __outflow_require=(from)=>process.getBuiltinModule('node:module').createRequire(__outflow_path.join(__outflow_dir,from,'outflow-bundle.mjs'));` +
  `const require=__outflow_require('');` +
  `const ${META}_of=(file)=>{const filename=__outflow_path.join(__outflow_dir,file);const url=__outflow_url.pathToFileURL(filename).href;` +
  `return{url,filename,dirname:__outflow_path.dirname(filename),main:false,` +
  `requireResolve:(...args)=>__outflow_require(__outflow_path.dirname(file)).resolve(...args),` +
  `resolve:(name)=>/^[./]/.test(name)?new URL(name,url).href:__outflow_url.pathToFileURL(__outflow_require(__outflow_path.dirname(file)).resolve(name)).href}};`;

const MENTIONS = /\bimport\.meta\b|\b__dirname\b|\b__filename\b|\brequire\.resolve\b/;

/**
 * Gives each file that mentions its own place, or looks from there, a variable that holds it. `isEsModule`: what esbuild takes
 * the file for; undefined: it cannot tell, and either will do.
 */
export function originalPaths(pipelineDir: string, isEsModule: (file: string) => boolean | undefined): Plugin {
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
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path: file, with: { type } }) => {
        if (type !== undefined) return undefined; // wanted as text or bytes
        const text = await readFile(file, 'utf8');
        if (!MENTIONS.test(text)) return undefined;
        const name = JSON.stringify(`outflow-meta:${path.relative(pipelineDir, file)}`);
        const contents = isEsModule(file) === false ? withRequired(text, name) : `${text}\nimport { ${META} } from ${name};`;
        return { contents, loader: path.extname(file).replace(/^\.[cm]?/, '') as Loader };
      });
    },
  };
}

const BEFORE_CODE = /^\uFEFF?(?:#![^\n]*\n)?(?:(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*(['"])use strict\1;?)?/;

/** In CommonJS: after a line for the shell and the directive that must come first. */
function withRequired(text: string, name: string): string {
  return text.replace(BEFORE_CODE, (start) => `${start};var { ${META} } = require(${name});`);
}
