// A process that loads a bundle as a task host does, and prints what it exports: `load-and-print.ts SCRIPT PIPELINE-DIR`.
import { importBundle } from '../../../src/loader/import-bundle.ts';
import { userFrame, userStack } from '../../../src/loader/user-stack.ts';

const [, , script = '', dir = ''] = process.argv;
const found: Record<string, unknown> = {};
for (const [name, value] of Object.entries(await importBundle(script, dir))) {
  try {
    found[name] = typeof value === 'function' ? await value() : value;
  } catch (error) {
    found[name] = { frame: userFrame(error), stack: userStack(error) };
  }
}
process.stdout.write(JSON.stringify(found));
