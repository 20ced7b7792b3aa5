// `outflow db start`: starts the embedded server now, rather than with the first command that needs it.
import { ensureServer } from '../../../src/store/embedded/server.ts';
import { OutflowCommand } from '../../base-command.ts';

export default class DbStart extends OutflowCommand {
  static override summary = 'Start the embedded Postgres server.';
  static override description = 'Commands start it by themselves, and it ends after a while without use.';

  override async run(): Promise<{ url: string; pid: number; started: boolean }> {
    await this.parse(DbStart);
    const { url, pid, started } = await ensureServer();
    this.log(started ? `started (pid ${pid}): ${url}` : `already running (pid ${pid}): ${url}`);
    return { url, pid, started };
  }
}
