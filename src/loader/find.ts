// Finds the pipeline file and the configuration file.
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { lilconfigSync } from 'lilconfig';
import { OutflowError } from '../model/errors.ts';

const PIPELINE_FILES = ['pipeline.ts', 'pipeline.mts', 'pipeline.js', 'pipeline.mjs'];
const CONFIG_ENDINGS = ['ts', 'mts', 'js', 'mjs', 'json', 'yaml'];

export interface PipelineChoice {
  cwd: string;
  /** `-p FILE`: a file, or a directory that holds one. */
  flag?: string | undefined;
  /** `pipeline:` of the configuration. */
  configured?: { pipeline: string; configFile: string } | undefined;
}

/** Flag, else the file in `cwd`, else the configured one. Absolute. Error `no-pipeline-file`. */
export function findPipelineFile({ cwd, flag, configured }: PipelineChoice): string {
  if (flag !== undefined) return named(path.resolve(cwd, flag), `-p ${flag}`);
  const here = localPipelineFile(cwd);
  if (here !== undefined) return here;
  if (configured) {
    const { pipeline, configFile } = configured;
    return named(path.resolve(path.dirname(configFile), pipeline), `pipeline: ${pipeline} in ${configFile}`);
  }
  throw new OutflowError(
    'no-pipeline-file',
    `no pipeline file: ${cwd} has no pipeline.ts (nor .mts, .js, .mjs), and no outflow.config.{${CONFIG_ENDINGS.join(',')}} there or above names one`,
    { hint: 'go to the directory of the pipeline, or name its file: -p path/to/pipeline.ts' },
  );
}

/** `pipeline.ts` (or `.mts`, `.js`, `.mjs`) in `dir`. */
export function localPipelineFile(dir: string): string | undefined {
  return PIPELINE_FILES.map((name) => path.join(dir, name)).find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function named(file: string, how: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return file;
  if (found?.isDirectory()) {
    const within = localPipelineFile(file);
    if (within !== undefined) return within;
    throw new OutflowError(
      'no-pipeline-file',
      `no pipeline file: the directory ${file} (${how}) has no pipeline.ts, .mts, .js or .mjs`,
      {
        hint: 'name the file itself',
      },
    );
  }
  throw new OutflowError('no-pipeline-file', `no pipeline file: ${file} (${how}) ${found ? 'is not a file' : 'does not exist'}`, {
    hint: hintFor(file),
  });
}

function hintFor(file: string): string {
  const near = ['.ts', '.mts', '.js', '.mjs']
    .map((ending) => file.replace(/(\.[cm]?[jt]s)?$/, ending))
    .find((candidate) => existsSync(candidate));
  return near === undefined ? 'check the path; relative ones are from the current directory' : `did you mean ${near}?`;
}

/** The nearest `outflow.config.*` in `cwd` or above it. */
export function findConfigFile(cwd: string): string | undefined {
  const unread = (): null => null; // the file is only looked for here
  const search = lilconfigSync('outflow', {
    searchPlaces: CONFIG_ENDINGS.map((ending) => `outflow.config.${ending}`),
    loaders: Object.fromEntries(CONFIG_ENDINGS.map((ending) => [`.${ending}`, unread])),
    ignoreEmptySearchPlaces: false,
    stopDir: path.parse(cwd).root,
    cache: false,
  });
  return search.search(cwd)?.filepath;
}
