import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers';

import type { ConnectionId } from '../streams/connection-id.js';
import type { PeerAddress, SshServer } from '../streams/ssh-server.js';
import { duplexPair } from './duplex-pair.js';

/** Where a client of {@link loopback} seems to be unless told otherwise. */
const LOCAL: PeerAddress = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' };

/**
 * Connects to `server` in memory, without a port: the stream to give to any SSH client that takes one.
 *
 * The server sees a connection from `peer`, by default from 127.0.0.1, and treats it like any other, with real
 * cryptography in real time. The stream behaves as a socket does: back-pressure both ways, closed when either side
 * closes. If the server cannot serve, the stream is destroyed with the reason. Call it once for each client.
 *
 * @example
 * ```ts
 * import { Client } from 'ssh2';
 *
 * const server = await createServer({
 *   hostKeys: [(await generateHostKey('ssh-ed25519')).hostKey],
 *   handlers: [decide('SSHUserAuthRequest', grantPassword((_user, password) => password === 'demo'))],
 * });
 *
 * await using stream = loopback(server);
 * const client = new Client();
 * client.connect({ sock: stream, username: 'ann', password: 'demo' });
 * await new Promise<void>((resolve) => client.once('ready', () => resolve()));
 * ```
 */
export function loopback(server: SshServer, peer: PeerAddress = {}): Duplex {
  const [near, far] = duplexPair();
  // As with a client's TCP socket: once the server has ended, so has this side.
  near.allowHalfOpen = false;
  const served = server.serve(far, { ...LOCAL, ...peer }).catch((cause: unknown) => {
    near.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    return undefined;
  });
  const dispose = near[Symbol.asyncDispose].bind(near);
  near[Symbol.asyncDispose] = async () => {
    await dispose();
    await released(server, await served);
  };
  return near;
}

/** Looks again and again, since a connection that was refused tells of its end by no event. */
async function released(server: SshServer, id: ConnectionId | undefined): Promise<void> {
  while (id !== undefined && server.connection(id) !== undefined) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
