// How the pipeline came to import a file of a package that cannot be bundled: found by bundling once more, and watching.
import { readFileSync } from 'node:fs';
import type { BuildOptions, Plugin } from 'esbuild';
import type { Place } from './code-frame.ts';
import type { Esbuild } from './esbuild.ts';
import { isInPackage } from './package-files.ts';

export interface ImportedBy extends Place {
  /** What the import says. */
  spec: string;
}

const ASKED = Symbol('asked by the plugin itself');

/** The import in a file of the user's own by which `file` came in; undefined: none was found. `options` are those that failed. */
export async function importedBy(esbuild: Esbuild, options: BuildOptions, file: string): Promise<ImportedBy | undefined> {
  const importers = new Map<string, { importer: string; spec: string }>();
  const watching: Plugin = {
    name: 'watching',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path: spec, pluginData, ...from }) => {
        if (pluginData !== undefined) return undefined; // a plugin asks, this one or another
        const found = await build.resolve(spec, { ...from, pluginData: ASKED });
        if (from.importer !== '' && !importers.has(found.path)) importers.set(found.path, { importer: from.importer, spec });
        return undefined;
      });
    },
  };
  await esbuild.build({ ...options, plugins: [watching, ...(options.plugins ?? [])] }).catch(() => {});
  const seen = new Set<string>();
  for (let at = importers.get(file); at !== undefined && !seen.has(at.importer); at = importers.get(at.importer)) {
    if (!isInPackage(at.importer)) return { ...placeOf(at), spec: at.spec };
    seen.add(at.importer);
  }
  return undefined;
}

function placeOf({ importer, spec }: { importer: string; spec: string }): Place {
  const lines = readFileSync(importer, 'utf8').split('\n');
  const quoted = new RegExp(`['"\`]${spec.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}['"\`]`);
  const at = Math.max(
    0,
    lines.findIndex((line) => quoted.test(line)),
  );
  return { file: importer, line: at + 1, column: (lines[at]?.search(quoted) ?? 0) + 1 || 1 };
}
