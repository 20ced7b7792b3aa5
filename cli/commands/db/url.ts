// `outflow db url`: where outflow's tables are, for psql and other programs.
import { ensureServer } from '../../../src/store/embedded/server.ts';
import { OutflowCommand } from '../../base-command.ts';
import { namedDatabase } from '../../open-store.ts';

export default class DbUrl extends OutflowCommand {
  static override summary = "Print the URL of the Postgres that holds outflow's tables.";
  static override examples = ['psql "$(<%= config.bin %> db url)"'];

  override async run(): Promise<{ url: string }> {
    await this.parse(DbUrl);
    const url = (await namedDatabase()) ?? (await ensureServer()).url;
    this.log(url);
    return { url };
  }
}
