// One connection of a task, from its socket here to the coordinator. Until the database has answered, nothing is lost when the
// connection to the coordinator is: another is waited for.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import type { TunnelTarget } from '../../src/rpc/messages.ts';
import type { TunnelError } from '../../src/rpc/tunnel.ts';
import { errorResponse } from './error-response.ts';

/** The other end. */
export interface Far {
  target: TunnelTarget;
  /** The coordinator, as soon as there is one. */
  connected(): Promise<Pick<CoordinatorClient, 'openTunnel'>>;
  /** A connection to the database was lost on the way to it. */
  onLost(): void;
}

/** Tries on one connection to the coordinator, each time after a longer wait. */
const TRIES = 5;
const BACK_OFF_MS = 50;

/** To its end. */
export async function carry(socket: Socket, far: Far): Promise<void> {
  socket.on('error', () => {}); // `close` follows
  const first = await firstBytes(socket);
  if (first === undefined) return void socket.destroy();
  const answered = await openAnswered(socket, first, far);
  if (answered instanceof Error) {
    if (!answered.isByOtherSide) far.onLost();
    return void socket.end(errorResponse(answered.message));
  }
  if (answered !== undefined) join(socket, answered, far);
}

/** What the driver says first; undefined: it says nothing, and goes. */
function firstBytes(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let first: Buffer | null = null;
    // It stays: so the end is noticed while an answer is waited for.
    socket.on('readable', () => {
      if (first !== null && socket.readableLength > 0) return;
      const bytes = socket.read() as Buffer | null;
      first ??= bytes;
      if (first !== null) resolve(first);
    });
    for (const event of ['end', 'close']) socket.once(event, () => resolve(undefined));
  });
}

/** A tunnel over which the database has answered; an error: there will be none. Undefined: the task has gone. */
async function openAnswered(socket: Socket, first: Buffer, far: Far): Promise<Duplex | TunnelError | undefined> {
  const gone = Promise.withResolvers<undefined>();
  for (const event of ['end', 'close']) socket.once(event, () => gone.resolve(undefined));
  let last: unknown;
  for (let tries = 1; ; tries++) {
    const client = await Promise.race([far.connected(), gone.promise]);
    if (client === undefined) return void socket.destroy();
    if (client !== last) tries = 1;
    last = client;
    const tunnel = client.openTunnel(far.target);
    tunnel.write(first);
    const answer = await Promise.race([answerOf(tunnel), gone.promise]);
    if (answer === undefined) {
      tunnel.destroy();
      return void socket.destroy();
    }
    if (answer === 'answered') return tunnel;
    if (answer.isByOtherSide || tries === TRIES) return answer;
    await sleep(BACK_OFF_MS * 2 ** tries);
  }
}

function answerOf(tunnel: Duplex): Promise<'answered' | TunnelError> {
  return new Promise((resolve) => {
    tunnel.once('readable', () => resolve('answered'));
    tunnel.once('error', (error) => resolve(error as TunnelError));
  });
}

/** Both ways, to the end of both. */
function join(socket: Socket, tunnel: Duplex, far: Far): void {
  const onBroken = (error: Error): void => {
    if (!socket.destroyed && !(error as TunnelError).isByOtherSide) far.onLost();
    socket.destroy();
  };
  if (tunnel.errored) return onBroken(tunnel.errored);
  if (socket.destroyed) return void tunnel.destroy();
  tunnel.once('error', onBroken);
  socket.once('close', () => tunnel.destroy());
  socket.removeAllListeners('readable');
  socket.pipe(tunnel);
  tunnel.pipe(socket);
}
