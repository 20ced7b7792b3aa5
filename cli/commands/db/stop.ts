// `outflow db stop`: stops the embedded server, unless runs need it.
import * as Flags from '@oclif/core/flags';
import { stopServer } from '../../../src/store/embedded/status.ts';
import { OutflowCommand } from '../../base-command.ts';

export default class DbStop extends OutflowCommand {
  static override summary = 'Stop the embedded Postgres server.';
  static override description = 'Refused while runs are under way, unless forced: they then wait, and go on when it is back.';
  static override flags = { force: Flags.boolean({ description: 'Stop it even while runs are under way.' }) };

  override async run(): Promise<{ stopped: boolean }> {
    const { flags } = await this.parse(DbStop);
    const stopped = await stopServer({ force: flags.force });
    this.log(stopped ? 'stopped' : 'it was not running');
    return { stopped };
  }
}
