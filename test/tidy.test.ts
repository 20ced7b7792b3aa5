// The style guide as a test: a table of rules, each of which looks at one file at a time.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

interface Rule {
  /** The rule as a sentence: the test's name. */
  says: string;
  /** Which files it is about, by path from the root. */
  files: RegExp;
  except?: RegExp;
  /** What is wrong with the file, or nothing. */
  wrong: (file: string, lines: readonly string[], text: string) => string | undefined;
}

const root = path.resolve(import.meta.dirname, '..');
const code = /\.(ts|mjs|cjs|proto|sql|sh)$/;
const binary = /\.(png|gif|jpe?g|webp|ico|gz|zip)$/;
const commentStart = /^(\/\/|\/\*|--|#(?!!)|<!--)/;

const rules: Rule[] = [
  {
    says: 'file names are kebab-case',
    files: /^(src|agent|cli|scripts|test|bench)\//,
    wrong: (file) =>
      /^(_{0,2}[a-z0-9]+(-[a-z0-9]+)*_{0,2}\.?)+$/.test(path.basename(file)) ? undefined : 'write it in-kebab-case',
  },
  {
    says: 'no file is a catch-all',
    files: code,
    wrong: (file) =>
      /^(utils?|helpers?|common|interfaces|misc)\./.test(path.basename(file)) ? 'name it after the one thing it does' : undefined,
  },
  {
    says: 'a program file has at most 300 lines',
    files: /^(src|agent|cli)\/.*\.ts$/,
    wrong: (_file, lines) => (lines.length > 300 ? `${lines.length} lines: look for the second thing in it` : undefined),
  },
  {
    says: 'the first line says what the file does',
    files: code,
    wrong: (_file, lines) => {
      const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
      return commentStart.test(first ?? '') && (first ?? '').length > 8
        ? undefined
        : 'begin with a comment that says what it does';
    },
  },
  {
    says: 'nothing is left to do in comments',
    files: code,
    wrong: (_file, lines) => firstLine(lines, /\b(TODO|FIXME|XXX)\b/, 'do it, or write it down where work is planned'),
  },
  {
    says: 'tests wait for a condition, they do not sleep',
    files: /^test\/.*\.ts$/,
    except: /^test\/(support|fixtures)\//,
    wrong: (_file, lines) =>
      firstLine(lines, /await (sleep|delay)\(|setTimeout\((r|res|resolve|done)\b/, 'wait for what the test is about'),
  },
  {
    says: 'no file names a place on the machine it was written on',
    files: /./,
    wrong: (_file, lines) => firstLine(lines, machinePaths(), 'use a path that means something to others'),
  },
  {
    says: 'no file names a package registry',
    files: /./,
    wrong: (_file, lines) =>
      firstLine(lines, /https?:\/\/[\w.-]*(registry|npmjs|artifactory|nexus)[\w.:-]*\/|"resolved":/, 'leave the address out'),
  },
  {
    says: 'dependencies are pinned to one version',
    files: /^package\.json$/,
    wrong: (_file, _lines, text) => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text);
      const all: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies };
      const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
      return loose.length > 0 ? loose.map((it) => it.join('@')).join(', ') : undefined;
    },
  },
  {
    says: 'the lock file names the optional packages of all platforms',
    files: /^package-lock\.json$/,
    wrong: (_file, _lines, text) => {
      const packages: Record<string, { optionalDependencies?: object }> = JSON.parse(text).packages;
      const wanted = Object.values(packages).flatMap((it) => Object.keys(it.optionalDependencies ?? {}));
      const missing = wanted.filter((name) => !Object.keys(packages).some((place) => place.endsWith(`node_modules/${name}`)));
      return missing.length > 0 ? `run node scripts/complete-lock.mjs; it lacks ${missing.join(', ')}` : undefined;
    },
  },
  {
    says: 'the protocol is of one package and version',
    files: /^proto\/.*\.proto$/,
    wrong: (_file, _lines, text) =>
      /^syntax = "proto3";$/m.test(text) && /^package outflow\.v1;$/m.test(text)
        ? undefined
        : 'syntax proto3, package outflow.v1',
  },
  {
    says: 'lines end without blanks, and the last one ends',
    files: /\.(proto|sql|sh|ya?ml)$/,
    wrong: (_file, lines, text) =>
      text.endsWith('\n') ? firstLine(lines, /[ \t\r]$/, 'remove the blanks at its end') : 'end the last line',
  },
];

const files = listFiles('').filter((file) => !binary.test(file) && file !== 'test/tidy.test.ts');
const texts = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));

test.each(rules)('$says', ({ files: about, except, wrong }) => {
  const found = [];
  for (const [file, text] of texts) {
    if (!about.test(file) || except?.test(file)) continue;
    const complaint = wrong(file, text.replace(/\n$/, '').split('\n'), text);
    if (complaint) found.push(`${file}: ${complaint}`);
  }
  expect(found).toEqual([]);
});

function firstLine(lines: readonly string[], pattern: RegExp, advice: string): string | undefined {
  const index = lines.findIndex((line) => pattern.test(line));
  return index < 0 ? undefined : `line ${index + 1}: ${advice}`;
}

/** Of tests and examples; who really is at home there is not meant. */
const INVENTED = /^\/(?:[a-z]?|home\/(?:ada|me|u))$/;

/** Where this clone lies, and the home directory of who runs the tests. */
function machinePaths(): RegExp {
  const places = [root, homedir()].filter((place) => !INVENTED.test(place));
  return new RegExp(`(?<![\\w.-])(${places.map((place) => RegExp.escape(place)).join('|')})/`);
}

/** All files of the project, without what is installed, built or ignored. */
function listFiles(folder: string): string[] {
  const skipped = /^(node_modules|dist|dist\.tmp-.*|\.git|\.setup-lock.*|bench-results|test-results|.*\.log)$/;
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (skipped.test(entry.name) || entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? listFiles(file) : entry.isFile() ? [file] : [];
  });
}
