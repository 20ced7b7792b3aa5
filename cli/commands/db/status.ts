// `outflow db status`: which Postgres holds outflow's tables, and how the embedded server is. Starts nothing.
import { formatDuration } from '../../../src/base/duration.ts';
import { displayUrl } from '../../../src/db/url.ts';
import { type ServerStatus, serverStatus } from '../../../src/store/embedded/status.ts';
import { OutflowCommand } from '../../base-command.ts';
import { namedDatabase } from '../../open-store.ts';
import { count, counted } from '../../text/format.ts';
import { paintFor } from '../../text/style.ts';

export default class DbStatus extends OutflowCommand {
  static override summary = "Show which Postgres holds outflow's tables, and how the embedded server is.";

  override async run(): Promise<ServerStatus & { named: string | null }> {
    await this.parse(DbStatus);
    const named = await namedDatabase();
    const status = await serverStatus();
    if (!this.jsonEnabled()) process.stdout.write(`${textOf(status, named)}\n`);
    return { ...status, named: named === undefined ? null : displayUrl(named) };
  }
}

function textOf(status: ServerStatus, named: string | undefined): string {
  const paint = paintFor(process.stdout);
  const rows = status.running ? runningRows(status) : stoppedRows(status);
  const state = status.running ? paint('green', 'running') : 'not running';
  const lines = [`embedded Postgres  ${state}`, ...rows.map(([name, value]) => `  ${paint('dim', name.padEnd(7))} ${value}`)];
  if (named !== undefined) lines.unshift(`outflow's tables are in ${displayUrl(named)}, not in the embedded server`, '');
  if (!status.running && named === undefined)
    lines.push(paint('dim', 'the next command that needs it starts it; now: outflow db start'));
  return lines.join('\n');
}

function runningRows({
  url,
  pid,
  idleMs,
  clients,
  sizeBytes,
  version,
  dataDirectory,
  logFile,
}: ServerStatus): [string, string][] {
  const idle = idleMs === null ? '' : `, ends after ${formatDuration(idleMs)} without use`;
  return [
    ['url', url],
    ['version', version ?? 'unknown'],
    ['pid', `${pid}${idle}`],
    ['clients', counted(clients ?? 0, 'connection')],
    ['size', `${count(Math.round((sizeBytes ?? 0) / 2 ** 20))} MiB`],
    ['data', dataDirectory],
    ['log', logFile],
  ];
}

function stoppedRows({ version, dataDirectory }: ServerStatus): [string, string][] {
  return [['data', version === null ? `${dataDirectory} (not made yet)` : dataDirectory]];
}
