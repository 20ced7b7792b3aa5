// The real connection at the end of a tunnel.
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { dialOf } from '../../db/url.ts';
import { LIMITS } from '../../model/limits.ts';
import { BackendKey } from './startup.ts';

const CANCEL_AGAIN_MS = 500;

/**
 * Carries bytes both ways until both ends have ended. When the tunnel breaks, the query that runs is cancelled, for nobody waits
 * for it. `onOver` is called once, when the database has ended the connection: until then it counts.
 */
export function splice(url: string, stream: Duplex, onOver: () => void): void {
  const socket = dial(url);
  const key = new BackendKey();
  const readKey = (bytes: Buffer): void => key.read(bytes);
  socket.on('data', readKey);
  socket.once('error', (error) => stream.destroy(error));
  socket.once('close', () => {
    if (stream.writableEnded)
      stream.unpipe(socket).resume(); // to hear its end
    else stream.destroy();
    onOver();
  });
  const onBroken = (): void => {
    if (socket.destroyed || (stream.readableEnded && stream.writableFinished)) return;
    const { cancelRequest } = key;
    if (cancelRequest === undefined) return void socket.destroy();
    socket.unpipe(stream).resume();
    socket.end();
    // Again and again: one that comes before its query has no effect.
    const cancel = (): void => sendCancel(url, cancelRequest, () => {});
    cancel();
    const again = setInterval(cancel, CANCEL_AGAIN_MS);
    const force = setTimeout(() => socket.destroy(), LIMITS.tunnelEndMs);
    socket.once('close', () => {
      clearInterval(again);
      clearTimeout(force);
    });
  };
  if (stream.destroyed) return onBroken();
  stream.once('close', onBroken);
  stream.pipe(socket);
  socket.pipe(stream);
}

/** Has the query of another connection cancelled. Postgres answers by closing this one. */
export function sendCancel(url: string, request: Buffer, onDone: () => void): void {
  const socket = dial(url);
  const force = setTimeout(() => socket.destroy(), LIMITS.tunnelEndMs);
  socket.on('error', () => {});
  socket.once('close', () => {
    clearTimeout(force);
    onDone();
  });
  socket.resume();
  socket.end(request);
}

function dial(url: string): Socket {
  const socket = connect({ ...dialOf(url), allowHalfOpen: true });
  socket.setNoDelay(true);
  const late = setTimeout(() => {
    const error = new Error(`the database does not answer within ${LIMITS.databaseConnectMs / 1000} s`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, LIMITS.databaseConnectMs);
  const done = (): void => clearTimeout(late);
  socket.once('connect', done);
  socket.once('close', done);
  return socket;
}
