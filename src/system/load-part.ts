// Loads a part of the program (see scripts/build.mjs) together with the code that V8 made of it when such a process last ended.
//
// Node's own compile cache keeps what is compiled when a file is loaded, but no function that is compiled at its first call: 1,300
// of them when a coordinator starts. Measured, CPU of all processes of a small run: 0.80 -> 0.69 s.
//
// A part runs as a script, so that its code can be taken when it ends. Such a script has no `import()`: see `importBundle`.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { embedded, findEmbedded, insideExecutable, isExecutable } from './embedded.ts';
import { KEEP_CODE, keepCode, keptCode } from './kept-code.ts';
import { makePlace, ownCache } from './places.ts';
import { keptFile } from './self.ts';

/** Some 0.5 MB each: of a dozen parts, several commands and a few versions. */
const KEPT_FILES = 80;

/** The exports of `program/NAME.cjs`, beside the program's own file; or, in the executable, inside it. */
export function loadPart(name: string, program: string = fileURLToPath(import.meta.url)): unknown {
  const file = path.join(isExecutable ? insideExecutable : path.dirname(program), 'program', `${name}.cjs`);
  // A function of what Node gives a CommonJS module. In ASCII (scripts/ascii.mjs), so that it needs no decoding.
  const source = isExecutable ? embedded(`program/${name}.cjs`).toString('latin1') : sourceOf(name, file, program);
  const packed = isExecutable ? findEmbedded(`code/${name}.${command()}`) : undefined;
  const isOurs = isOfThisBuild(source);
  const cache = isOurs && packed === undefined ? cacheFile(name) : undefined;
  // What the executable has for this command, or what a process has kept; else what it has for any.
  const kept = packed ?? (cache === undefined ? undefined : keptCode(cache));
  const cachedData = kept ?? (isExecutable ? findEmbedded(`code/${name}`) : undefined);
  const script = new vm.Script(source, { filename: file, cachedData });
  const isKept = kept !== undefined && script.cachedDataRejected === false;
  if (cache !== undefined && !isKept) {
    process.on('exit', (code) => code === 0 && keep(script, cache));
    process.on(KEEP_CODE, () => keep(script, cache));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));
  return module.exports;
}

/** Of this build, though the clone is being built anew in this moment. */
function sourceOf(name: string, file: string, program: string): string {
  const source = readFileSync(file, 'latin1');
  if (isOfThisBuild(source)) return source;
  try {
    return readFileSync(keptFile(program, path.join('program', `${name}.cjs`)), 'latin1');
  } catch {
    return source;
  }
}

function isOfThisBuild(source: string): boolean {
  return source.startsWith(`/*${__OUTFLOW_BUILD__}*/`);
}

/** What is called at the start depends on it. */
function command(): string {
  return process.argv[2] ?? '';
}

function cacheFile(name: string): string | undefined {
  const word = command();
  try {
    // In a private directory: code is read from there.
    const place = ownCache('code');
    if (place === undefined || !/^[\w-]*$/.test(word)) return undefined;
    return path.join(makePlace(place), `${name}.${word}.${__OUTFLOW_BUILD__}`);
  } catch {
    return undefined; // a home that cannot be used: a command that needs it says so
  }
}

/** All that has been compiled until now. */
function keep(script: vm.Script, file: string): void {
  if (!keepCode(file, script.createCachedData())) return;
  try {
    const directory = path.dirname(file);
    const files = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(directory, entry.name));
    if (files.length <= KEPT_FILES) return;
    const ages = new Map(files.map((one) => [one, statSync(one).mtimeMs]));
    const oldest = files.sort((a, b) => (ages.get(a) as number) - (ages.get(b) as number));
    for (const one of oldest.slice(0, -KEPT_FILES)) rmSync(one, { force: true });
  } catch {
    // Another process was faster.
  }
}
