// Mutual TLS between the programs of one run: who may call what, and what a dialler expects of the coordinator.
import { createSecureContext, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

/** One party's certificate and key, and the authority it trusts; all PEM. */
export interface TlsIdentity {
  ca: string;
  cert: string;
  key: string;
}

/** The name in a client's certificate. */
export type Role = 'agent' | 'control';

/** In the server's certificate, whatever address it is reached by. */
export const SERVER_NAME = 'coordinator.outflow';

const ROLE_OF_SERVICE: Readonly<Record<string, Role>> = {
  'outflow.v1.AgentService': 'agent',
  'outflow.v1.BlobService': 'agent',
  'outflow.v1.TunnelService': 'agent',
  'outflow.v1.ControlService': 'control',
};

/** `path` is that of a method: `/outflow.v1.AgentService/Session`. What is not named here is nobody's. */
export function mayCall(path: string, caller: { sslPeerCertificate?: PeerCertificate }): boolean {
  const wanted = ROLE_OF_SERVICE[path.split('/')[1] ?? ''];
  return wanted !== undefined && caller.sslPeerCertificate?.subject.CN === wanted;
}

export const TLS_CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.ssl_target_name_override': SERVER_NAME,
  'grpc.default_authority': SERVER_NAME,
};

export function channelCredentials({ ca, cert, key }: TlsIdentity): ChannelCredentials {
  return ChannelCredentials.createFromSecureContext(createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' }));
}
