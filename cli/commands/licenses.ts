// `outflow licenses [NAME]`: the licences of what is inside the program.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as Args from '@oclif/core/args';
import { OutflowError } from '../../src/model/errors.ts';
import { embedded, isExecutable } from '../../src/system/embedded.ts';
import { OutflowCommand } from '../base-command.ts';

/** As `scripts/licenses` collects them. */
export interface License {
  name: string;
  version?: string;
  /** `MIT`, `Apache-2.0` … */
  license: string;
  /** What else the text is about: Node's has those of V8, OpenSSL and its other parts. */
  includes?: string[];
  text: string;
}

export default class Licenses extends OutflowCommand {
  static override summary = 'Print the licences of the software that outflow brings along.';
  static override description = 'First a list, then all texts.';
  static override args = {
    name: Args.string({ description: 'Only what bears this name, or has it inside: zod, V8.', ignoreStdin: true }),
  };

  override async run(): Promise<{ licenses: License[] }> {
    const { args } = await this.parse(Licenses);
    const all = JSON.parse(
      isExecutable ? embedded('licenses.json').toString() : readFileSync(besideProgram(), 'utf8'),
    ) as License[];
    const licenses = args.name === undefined ? all : all.filter((one) => isCalled(one, args.name as string));
    if (licenses.length === 0) {
      throw new OutflowError('bad-argument', `outflow brings nothing along that is called ${args.name}`, {
        hint: 'see the list: outflow licenses',
      });
    }
    if (!this.jsonEnabled()) {
      if (args.name === undefined) process.stdout.write(`${list(licenses)}\n\n\n`);
      process.stdout.write(licenses.map(section).join('\n\n'));
    }
    return { licenses };
  }
}

function besideProgram(): string {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), 'licenses.json');
}

function isCalled({ name, includes = [] }: License, asked: string): boolean {
  return [name, ...includes].some((one) => one.toLowerCase() === asked.toLowerCase());
}

function title({ name, version }: License): string {
  return version === undefined ? name : `${name} ${version}`;
}

function list(licenses: License[]): string {
  const width = Math.max(...licenses.map((one) => title(one).length));
  const including = ({ includes }: License): string => (includes === undefined ? '' : `; with ${includes.join(', ')}`);
  return licenses.map((one) => `${title(one).padEnd(width)}  ${one.license}${including(one)}`).join('\n');
}

function section(one: License): string {
  return `${title(one)}\n${'='.repeat(80)}\n${one.text}\n`;
}
