// Where the embedded server of this user lives: data, socket, locks and logs under the state root.
import path from 'node:path';
import { outflowHome, privateDir, socketPath } from '../../system/home.ts';

export interface ServerPaths {
  /** `<home>/postgres`, 0700. */
  root: string;
  data: string;
  socketDir: string;
  socket: string;
  /** The socket's name while the keeper looks whether it may stop the server: nobody new gets in. */
  closingSocket: string;
  /** Held by whoever starts or stops the server. */
  startLock: string;
  /** Held by the keeper as long as it lives. */
  keeperLock: string;
  /** Who the keeper is, and since when. */
  keeperFile: string;
  /** Which host's server uses the data; removed by a clean stop. */
  ownerFile: string;
  /** Held (flock) by postgres and all its children. */
  dataLock: string;
  postgresLog: string;
  keeperLog: string;
}

export const ROLE = 'outflow';
export const DATABASE = 'outflow';
const PORT = 5432; // only a part of the socket's name: there is no network port

/** Pure but for a private directory in /tmp, which is made when the socket's path would be too long. */
export function serverPaths(): ServerPaths {
  const root = path.join(outflowHome(), 'postgres');
  const socket = socketPath(path.join(root, 'run'), `.s.PGSQL.${PORT}`);
  const data = path.join(root, 'data');
  return {
    root,
    data,
    socketDir: path.dirname(socket),
    socket,
    closingSocket: `${socket}.closing`,
    startLock: path.join(root, 'start.lock'),
    keeperLock: path.join(root, 'keeper.lock'),
    keeperFile: path.join(root, 'keeper.json'),
    ownerFile: path.join(root, 'owner.json'),
    dataLock: path.join(data, 'outflow.lock'),
    postgresLog: path.join(root, 'postgres.log'),
    keeperLog: path.join(root, 'keeper.log'),
  };
}

/** Makes the directories around the data (not the data itself). */
export function makeServerDirs(paths: ServerPaths): void {
  privateDir(path.dirname(paths.root));
  privateDir(paths.root);
  privateDir(paths.socketDir);
}

/** The URL of a database in the embedded server, whether it runs or not. Default: outflow's own. No secret in it. */
export function serverUrl(database: string = DATABASE): string {
  return `postgresql://${ROLE}@${encodeURIComponent(serverPaths().socketDir)}:${PORT}/${encodeURIComponent(database)}`;
}
