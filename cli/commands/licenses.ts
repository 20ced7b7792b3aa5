// `outflow licenses`: the licences of what is inside the program.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { embedded, isExecutable } from '../../src/system/embedded.ts';
import { OutflowCommand } from '../base-command.ts';

export default class Licenses extends OutflowCommand {
  static override summary = 'Print the licences of the software that outflow brings along.';

  override async run(): Promise<{ text: string }> {
    await this.parse(Licenses);
    const text = isExecutable
      ? embedded('licenses.txt').toString()
      : readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), 'licenses.txt'), 'utf8');
    if (!this.jsonEnabled()) process.stdout.write(text);
    return { text };
  }
}
