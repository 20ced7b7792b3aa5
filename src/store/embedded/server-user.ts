// Who the server runs as: the user; for root, whom Postgres refuses, another uid with one capability of root's.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { OutflowError } from '../../model/errors.ts';
import { userName } from '../../system/user.ts';

export interface ServerUser {
  /** Null: as whoever calls. */
  borrowed: { uid: number; gid: number } | null;
  /** The one name that may connect (peer authentication). */
  clientName: string;
}

const HINT = 'set OUTFLOW_DATABASE_URL to a Postgres of your own, or run outflow as another user';

/** Root borrows the uid of `OUTFLOW_PG_USER`, `postgres` or `nobody`; data that exists keeps the uid it has. */
export function serverUser(dataDir: string): ServerUser {
  const clientName = ownName();
  if (process.getuid?.() !== 0) return { borrowed: null, clientName };
  if (existsSync(dataDir)) {
    const { uid, gid } = statSync(dataDir);
    if (uid !== 0) return { borrowed: { uid, gid }, clientName };
  }
  const names = [process.env['OUTFLOW_PG_USER'], 'postgres', 'nobody'].filter((name) => name !== undefined);
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of names) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && uid !== '0') return { borrowed: { uid: Number(uid), gid: Number(gid) }, clientName };
  }
  throw new OutflowError('bad-environment', 'Postgres does not run as root, and there is no unprivileged user to run it as', {
    hint: `let OUTFLOW_PG_USER name one; or ${HINT}`,
  });
}

/**
 * The command that runs `command` as the server's user. For root: `setpriv` changes the uid but keeps the capability to pass
 * closed directories (root's home and its clones are often 0700) as an ambient one; without `no_setuid_fixup` initdb's own
 * checks with access(2) would not see it. Tried with data and binaries under a 0700 directory of root's.
 */
export function asServerUser(user: ServerUser, command: string, args: string[]): [string, string[]] {
  if (user.borrowed === null) return [command, args];
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));
  if (setpriv === undefined) {
    throw new OutflowError(
      'bad-environment',
      'Postgres does not run as root, and setpriv (util-linux) is not there to change that',
      {
        hint: HINT,
      },
    );
  }
  const { uid, gid } = user.borrowed;
  const keep = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  return [setpriv, [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...keep, '--', command, ...args]];
}

function ownName(): string {
  const name = userName();
  if (name !== undefined) return name;
  const message = `the uid ${process.getuid?.()} has no name on this machine, and Postgres cannot run without one`;
  throw new OutflowError('bad-environment', message, { hint: HINT });
}
