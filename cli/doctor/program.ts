// Which program this is, and which Node runs it.
import { realpathSync } from 'node:fs';
import { isExecutable } from '../../src/system/embedded.ts';
import { ownPath, selfFile } from '../../src/system/self.ts';
import { type Finding, missing, ok } from './finding.ts';

const OLDEST_NODE = 24;

export function programFindings(): Finding[] {
  const { version } = process;
  if (isExecutable) return [ok('program', `one executable, ${ownPath}, with Node ${version.slice(1)}`)];
  return [nodeFinding(version, ownPath), ok('program', realpathSync(selfFile()))];
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
