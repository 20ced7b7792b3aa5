// TLS to a database. Through a tunnel it has both ends where it always has, so the certificate is still that of the host behind it.
import type { ConnectionOptions } from 'node:tls';
import type { parseDsn } from 'slonik';

type Dsn = ReturnType<typeof parseDsn> & { ssl?: ConnectionOptions };

/** What the driver does not see to by itself; `tunnelTo`: the host at the other end of the tunnel, if there is one. */
export function tlsOptions(dsn: ReturnType<typeof parseDsn>, tunnelTo: string | undefined): ConnectionOptions | undefined {
  const { ssl, sslMode } = dsn as Dsn;
  if (tunnelTo === undefined) return ssl;
  if (ssl !== undefined) return { ...ssl, host: tunnelTo };
  return sslMode === 'require' ? { host: tunnelTo } : undefined;
}
