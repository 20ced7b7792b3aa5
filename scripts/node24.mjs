// Where this clone's Node 24 is, and the environment in which its tools find each other. Runs on Node 20.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's root directory. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The Node 24 that the setup installed; else the one that runs this, if it is new enough. */
export function node24() {
  const own = path.join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (process.platform === 'linux' && existsSync(own)) return own;
  if (isNode24()) return process.execPath;
  throw new Error(`Node 24 or newer is needed; this is ${process.version}. Install it, then run: npm run setup`);
}

/** Whether the Node that runs this is new enough for everything but the setup. */
export function isNode24() {
  return Number.parseInt(process.versions.node, 10) >= 24;
}

/** The environment with the clone's tools, Node 24 among them, first on the PATH. */
export function toolEnvironment() {
  const bin = path.join(root, 'node_modules', '.bin');
  return { ...process.env, PATH: [path.dirname(node24()), bin, process.env.PATH].filter(Boolean).join(path.delimiter) };
}
