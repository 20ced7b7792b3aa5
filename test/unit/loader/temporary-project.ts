// Real directories with files in them, and a real process that loads a bundle made of them.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import { type Bundle, bundlePipeline } from '../../../src/loader/bundle.ts';
import { materializeBundle } from '../../../src/loader/materialize.ts';

export type Files = Readonly<Record<string, string>>;

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A new directory (a real path, with a space in it) that holds `files`; removed after the test. */
export function project(files: Files): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'outflow loader-')));
  made.push(dir);
  writeFiles(dir, files);
  return dir;
}

export function writeFiles(dir: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
}

export const bundleOf = (dir: string, file = 'pipeline.ts'): Promise<Bundle> => bundlePipeline(path.join(dir, file));

const loader = path.resolve(import.meta.dirname, '..', '..', 'fixtures', 'load-and-print.ts');

/**
 * What the pipeline exports, as another process sees it: JSON of its values, and of what its functions return or throw (as
 * `userFrame` and `userStack` tell it).
 */
export async function load(dir: string, file = 'pipeline.ts'): Promise<Record<string, unknown>> {
  return loadBundle(await bundleOf(dir, file));
}

/** `warnings` gets what it wrote to stderr. */
export async function loadBundle(
  bundle: Bundle,
  { cache = path.join(project({}), 'bundles'), warnings = [] }: { cache?: string; warnings?: string[] } = {},
): Promise<Record<string, unknown>> {
  const script = await materializeBundle({ ...bundle, dir: cache });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [loader, script, bundle.pipelineDir]);
  warnings.push(stderr);
  return JSON.parse(stdout);
}
