// What all commands share: `--json`, and the parser's complaints as our errors.
import { Command } from '@oclif/core/command';
import { fromOclif } from './errors/from-oclif.ts';

export abstract class OutflowCommand extends Command {
  static override enableJsonFlag = true;

  /** How the command is called, for error messages. */
  protected get usageHint(): string {
    const id = (this.id ?? '').replaceAll(':', ' ');
    const args = Object.entries(this.ctor.args).map(([name, arg]) =>
      arg.required ? name.toUpperCase() : `[${name.toUpperCase()}]`,
    );
    return `usage: ${['outflow', id, ...args, '[flags]'].join(' ')}\nall flags: outflow ${id} --help`;
  }

  /** Errors are reported in one place, `run-command-line.ts`. */
  protected override async catch(error: Error): Promise<never> {
    throw fromOclif(error, this.usageHint);
  }

  /** One document, without colours: for programs. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }
}
