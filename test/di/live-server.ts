import { onTestFinished } from 'vitest';

import {
  type ApplicationServer,
  createServer,
  type CreateServerOptions,
  decide,
  generateHostKey,
  grantPassword,
  type Handler,
  type SshEvent,
} from '../../src/index.js';
import { duplexPair } from '../../src/testing/duplex-pair.js';
import { WireClient, type WireClientOptions } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { follow, type SessionLog } from '../support/wire-client-session.js';

const { hostKey } = await generateHostKey();

/** Lets in everybody who knows the word. */
export const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword((_user, password) => password === 'secret'),
  { source: 'signIn' },
);

/** A server without a port, shut down at the end of its test, and the log of all that happens in it. */
export async function start(handlers: readonly Handler[], options: Partial<CreateServerOptions> = {}) {
  const server = await createServer({ hostKeys: [hostKey], onWarning: () => undefined, ...options, handlers });
  const events: SshEvent[] = [];
  server.events.all.subscribe((event) => events.push(event));
  onTestFinished(() => server.shutdown());
  return { server, events };
}

/** A client that has connected and not yet exchanged keys. */
export async function connect(server: ApplicationServer, options?: WireClientOptions): Promise<WireClient> {
  const [near, far] = duplexPair();
  await server.serve(far, { remoteAddress: '192.0.2.1' });
  return new WireClient(near, options);
}

/** A client that has signed in. */
export const login = async (server: ApplicationServer): Promise<WireClient> => (await connect(server)).login();

/** Runs `command` to its end on a channel that the client calls `local`. */
export async function run(client: WireClient, command: string, local = 0): Promise<SessionLog> {
  const remote = await client.open({ sender: local });
  client.send(send.exec(remote, command));
  return follow(client, { remote, local });
}
