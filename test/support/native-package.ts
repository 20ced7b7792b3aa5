// A package with a real add-on: that of the pseudo-terminals, which outflow has on every platform it runs on.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const platform = `${process.platform}-${process.arch}`;
const prebuilt = path.resolve(import.meta.dirname, '../../node_modules/@lydell', `node-pty-${platform}`, 'prebuilds', platform);

/** Writes the package `pty` into the node_modules of `dir`; it exports `fork` of the add-on, and `here`. Gives its directory. */
export function writeNativePackage(dir: string): string {
  const made = path.join(dir, 'node_modules', 'pty');
  mkdirSync(path.join(made, 'build'), { recursive: true });
  writeFileSync(path.join(made, 'package.json'), '{ "name": "pty", "napi": { "name": "pty" } }');
  writeFileSync(path.join(made, 'index.js'), `exports.fork = require('./build/pty.node').fork; exports.here = __dirname;`);
  copyFileSync(path.join(prebuilt, 'pty.node'), path.join(made, 'build', 'pty.node'));
  chmodSync(path.join(made, 'build', 'pty.node'), 0o755);
  return made;
}
