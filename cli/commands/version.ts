// `outflow version`: what this program is made of, for people and for reports of errors.
import { isExecutable } from '../../src/system/embedded.ts';
import { ownPath } from '../../src/system/self.ts';
import { OutflowCommand } from '../base-command.ts';

interface VersionReport {
  version: string;
  commit: string;
  node: string;
  /** Of the embedded server. */
  postgres: string;
  platform: string;
  /** The oldest glibc it runs on; null where there is none. */
  glibc: string | null;
  program: 'executable' | 'clone';
}

export default class Version extends OutflowCommand {
  static override summary = 'Show the version of outflow, and of what it brings along.';

  override async run(): Promise<VersionReport> {
    await this.parse(Version);
    const report: VersionReport = {
      version: __OUTFLOW_VERSION__,
      commit: __OUTFLOW_COMMIT__,
      node: process.versions.node,
      postgres: __OUTFLOW_POSTGRES__,
      platform: `${process.platform}-${process.arch}`,
      glibc: __OUTFLOW_GLIBC__,
      program: isExecutable ? 'executable' : 'clone',
    };
    if (!this.jsonEnabled()) process.stdout.write(`${textOf(report)}\n`);
    return report;
  }
}

function textOf({ version, commit, node, postgres, platform, glibc, program }: VersionReport): string {
  const rows = [
    ['commit', commit],
    ['Node', node],
    ['Postgres', `${postgres} (embedded)`],
    ['platform', glibc === null ? platform : `${platform}, glibc ${glibc} or newer`],
    ['program', program === 'executable' ? `one executable, ${ownPath}` : 'a clone'],
  ];
  return [`outflow ${version}`, ...rows.map(([name = '', value]) => `  ${name.padEnd(9)} ${value}`)].join('\n');
}
