// Which program this is, and which Node runs it.
import { realpathSync } from 'node:fs';
import { isSea } from 'node:sea';
import { selfCommand } from '../../src/system/self.ts';
import { type Finding, missing, ok } from './finding.ts';

const OLDEST_NODE = 24;

export function programFindings(): Finding[] {
  const { execPath, version } = process;
  if (isSea()) return [ok('program', `one executable, ${execPath}, with Node ${version.slice(1)}`)];
  const program = selfCommand().args.at(-1) ?? '';
  return [nodeFinding(version, execPath), ok('program', realpathSync(program))];
}

export function nodeFinding(version: string, file: string): Finding {
  const found = `${version.replace(/^v/, '')}, ${file}`;
  if (Number(/\d+/.exec(version)?.[0]) >= OLDEST_NODE) return ok('node', found);
  return missing(
    'node',
    found,
    `outflow needs Node ${OLDEST_NODE} or later: run \`npm run setup\` in its clone, which brings one`,
  );
}
