// Connection URLs: one spelling that Slonik and pg read alike, other databases of the same server, and no password in messages.
import { OutflowError } from '../model/errors.ts';

/**
 * The URL in the spelling that Slonik reads: a socket directory as `@%2Fdir`, `sslmode` as `disable`, `require` (checks the
 * certificate) or `no-verify`. Takes libpq's other spellings too (`?host=/dir`, `?user=`, `?dbname=`, `sslmode=verify-full`).
 * Error `database-unreachable` when it is no Postgres URL.
 */
export function normalizeUrl(text: string): string {
  const withHost = text.replace(/^(postgres(?:ql)?:\/\/)([^/@?#]*@)?(?=[/?#]|$)/, '$1$2_socket_');
  let url: URL;
  try {
    url = new URL(withHost);
  } catch {
    throw notAUrl(text);
  }
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') throw notAUrl(text);

  const query = url.searchParams;
  const host = query.get('host') ?? (url.hostname === '_socket_' ? defaultHost() : decodeURIComponent(url.hostname));
  const port = query.get('port') ?? (url.port || process.env['PGPORT'] || '5432');
  const user = query.get('user') ?? decodeURIComponent(url.username);
  const password = query.get('password') ?? decodeURIComponent(url.password);
  const database = query.get('dbname') ?? decodeURIComponent(url.pathname.slice(1));
  for (const name of ['host', 'port', 'user', 'password', 'dbname', 'connect_timeout']) query.delete(name);
  const sslMode = query.get('sslmode');
  if (sslMode === 'verify-full' || sslMode === 'verify-ca') query.set('sslmode', 'require');
  if (sslMode === 'prefer' || sslMode === 'allow') query.delete('sslmode');

  const credentials = user ? `${encodeURIComponent(user)}${password ? `:${encodeURIComponent(password)}` : ''}@` : '';
  const address = host.startsWith('[') ? host : encodeURIComponent(host);
  const rest = query.size > 0 ? `?${query}` : '';
  return `postgresql://${credentials}${address}:${port}/${encodeURIComponent(database || user)}${rest}`;
}

/** The same server and role, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(normalizeUrl(url));
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/** Names, in a URL that leads into a tunnel, the host at its other end. */
const TUNNEL_TO = 'outflow_tunnel_to';

/** The same database and role, reached through the socket in `directory`, behind which is a tunnel to the URL's own host. */
export function viaSocketDirectory(url: string, directory: string): string {
  const moved = new URL(normalizeUrl(url));
  const { hostname } = moved;
  moved.hostname = encodeURIComponent(directory);
  moved.searchParams.set(TUNNEL_TO, decodeURIComponent(hostname).replace(/^\[|\]$/g, ''));
  return moved.href;
}

/** The host at the other end of the tunnel that the URL leads into; undefined: it leads to a server. */
export function tunnelledHost(url: string): string | undefined {
  return new URL(normalizeUrl(url)).searchParams.get(TUNNEL_TO) ?? undefined;
}

/** What a connection to it dials, as `node:net` takes it. */
export function dialOf(url: string): { path: string } | { host: string; port: number } {
  const { hostname, port } = new URL(normalizeUrl(url));
  const host = decodeURIComponent(hostname);
  if (host.startsWith('/')) return { path: `${host}/.s.PGSQL.${port}` };
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(normalizeUrl(url)).pathname.slice(1));
}

/** For messages: without password and options. */
export function displayUrl(text: string): string {
  try {
    const url = new URL(normalizeUrl(text));
    const host = url.searchParams.get(TUNNEL_TO);
    if (host !== null) url.hostname = encodeURIComponent(host);
    url.password = '';
    url.search = '';
    return decodeURIComponent(url.href);
  } catch {
    return 'the configured database URL';
  }
}

function defaultHost(): string {
  return process.env['PGHOST'] || 'localhost';
}

function notAUrl(text: string): OutflowError {
  // The text may hold a password: only its beginning is shown.
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0];
  return new OutflowError('database-unreachable', `the database URL ${scheme ? `(${scheme}…) ` : ''}is not a Postgres URL`, {
    hint: 'write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE (OUTFLOW_DATABASE_URL, or `database` in the configuration)',
  });
}
