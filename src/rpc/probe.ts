// Whether the coordinator of this run answers at an address: a connection that is ours until its end, as gRPC leaves one open
// whose other side is silent, and keeps the reason of a failure to itself.
import { connect } from 'node:tls';
import { SERVER_NAME, type TlsIdentity } from './tls.ts';

/** Resolves when each side has accepted the other's certificate; else throws why not, in words. */
export function probe(address: string, tls: TlsIdentity, withinMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const socket = connect({
    host,
    port: Number(port),
    servername: SERVER_NAME,
    ...tls,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  });
  const giveUp = (reason: Error): void => {
    reject(reason);
    socket.destroy();
  };
  const onAbort = (): void => giveUp(signal.reason);
  // After a look at what has come meanwhile: it may be us who had no time.
  const deadline = setTimeout(() => setImmediate(() => giveUp(new Error(`no answer within ${withinMs / 1_000} s`))), withinMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  // With TLS 1.3 our side is content before the other has seen our certificate: what tells is the server's first frame.
  let isTaken = false;
  socket.once('secureConnect', () => {
    isTaken = true;
  });
  socket.once('data', () => {
    resolve();
    socket.end();
    socket.destroy();
  });
  socket.on('error', (error) => reject(new Error(wordsOf(error, isTaken), { cause: error })));
  socket.once('close', () => {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    reject(new Error(isTaken ? REFUSED : 'it closed the connection'));
  });
  return promise;
}

const REFUSED = "it does not take our certificate: another run's, or expired, or a clock is wrong";
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'this host does not know that name',
  EAI_AGAIN: 'the name service does not answer',
  EHOSTUNREACH: 'there is no way to it from this host',
  ENETUNREACH: 'there is no way to it from this host',
  ETIMEDOUT: 'there is no way to it from this host',
  CERT_HAS_EXPIRED: 'its certificate has expired, or a clock is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: a clock is wrong',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is not the coordinator of this run',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is not the coordinator of this run',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is not the coordinator of this run',
  CERT_SIGNATURE_FAILURE: 'it is not the coordinator of this run',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is no coordinator',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak our protocol',
};

function wordsOf(error: NodeJS.ErrnoException, isTaken: boolean): string {
  const words = isTaken ? REFUSED : WORDS[error.code ?? ''];
  return words ? `${words} (${error.message})` : error.message;
}
