import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';

import type { ReadOptions } from './directory-options.js';
import { startTls } from './start-tls.js';

/**
 * Opens a connection to the directory, ready for LDAP and as safe as it is to be.
 *
 * @param signal - Ends the attempt, whatever it is waiting for.
 * @throws Error, as a rejection, if there is no connection, or no TLS; whatever `signal` was aborted with
 */
export async function openSocket(
  { address, tls }: Pick<ReadOptions, 'address' | 'tls'>,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect(address.target);
  try {
    await settled(socket, 'connect', signal);
    if (address.security === 'plain') return socket;
    if (address.security === 'starttls') await orAborted(startTls(socket), socket, signal);
    const { host } = address;
    // An address is no name to ask for (RFC 6066 section 3), but the certificate has to be for it all the same.
    const name = isIP(host) === 0 ? { servername: host } : {};
    // Said in so many words and last: what is left to Node ends where NODE_TLS_REJECT_UNAUTHORIZED says so.
    const verified = { rejectUnauthorized: true, checkServerIdentity };
    const secure = connectTls({ ...name, ...tls, socket, host, ...verified });
    await settled(secure, 'secureConnect', signal);
    return secure;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}

/** Settles with the event that is hoped for, or with what came instead. */
const settled = (socket: Socket | TLSSocket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> =>
  orAborted(
    new Promise<void>((resolve, reject) => {
      const onClose = (): void => {
        reject(new Error('the connection closed before it was ready'));
      };
      socket.once(event, () => {
        socket.off('error', reject).off('close', onClose);
        resolve();
      });
      socket.once('error', reject).once('close', onClose);
    }),
    socket,
    signal,
  );

/** What `work` settles with, unless `signal` comes first, which ends the connection. */
async function orAborted(work: Promise<void>, socket: Socket, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await work;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
