import type { ConnectionId } from '../../../src/streams/connection-id.js';
import type { SshRequest } from '../../../src/streams/events/ssh-request.js';
import type { AuthKey, SSHUserAuthRequest } from '../../../src/streams/events/ssh-user-auth-request.js';
import type { SshServer } from '../../../src/streams/ssh-server.js';
import { loopback } from '../../../src/testing/index.js';
import { wireBytes } from '../../support/wire-bytes.js';
import { WireClient } from '../../support/wire-client.js';
import * as send from '../../support/wire-client-payloads.js';
import type { ClientKey } from './client-keys.js';

/** The password with which everybody may sign in who is to do more than that. */
export const PASSWORD = 'secret';

/** How far a connection has come. */
interface Progress {
  readonly client: WireClient;
  /** The user authentication service was asked for. */
  serviced: boolean;
  signedIn: boolean;
  channels: number;
}

/**
 * Clients that do what requests say which were written as data: one for each connection of these requests, from its address.
 * What has to come before a request, such as signing in before a channel is opened, they do by themselves.
 */
export class ActingClients {
  readonly #server: SshServer;
  /** The keys that they can sign with. */
  readonly #keys: readonly ClientKey[];
  readonly #connections = new Map<ConnectionId, Progress>();

  constructor(server: SshServer, keys: readonly ClientKey[]) {
    this.#server = server;
    this.#keys = keys;
  }

  /** Sends `request`. What comes of it the server will tell. */
  async act(request: SshRequest): Promise<void> {
    const progress = await this.#connect(request);
    const { client } = progress;
    switch (request.type) {
      case 'ConnectionRequest':
        return;
      case 'SSHServiceRequest':
        client.send(send.serviceRequest(request.service));
        return;
      case 'SSHUserAuthRequest':
        await beginAuthentication(progress);
        if (request.method === 'keyboard-interactive' && request.stage === 'answered') await client.take(60);
        client.send(this.#authenticationOf(request, client));
        return;
      case 'SSHGlobalRequest':
        await signIn(progress, request.identity.user);
        client.send(wireBytes(80, request.requestType, Number(request.wantReply), Buffer.from(request.data)));
        return;
      case 'SSHChannelOpenRequest':
        await signIn(progress, request.identity.user);
        client.send(Buffer.concat([opening(progress, request.channelType), request.data]));
        return;
      case 'SSHChannelRequest': {
        await signIn(progress, request.identity.user);
        client.send(opening(progress, request.channelType));
        const channel = (await client.take(91)).readUInt32BE(5);
        const { requestType, wantReply, data } = request;
        client.send(send.channelRequest(channel, requestType, wantReply, Buffer.from(data)));
      }
    }
  }

  /** Leaves without a word. */
  destroy(): void {
    for (const { client } of this.#connections.values()) client.destroy();
  }

  async #connect({ type, connection: { id, remoteAddress } }: SshRequest): Promise<Progress> {
    let progress = this.#connections.get(id);
    if (progress === undefined) {
      const client = new WireClient(loopback(this.#server, { remoteAddress }));
      progress = { client, serviced: false, signedIn: false, channels: 0 };
      this.#connections.set(id, progress);
    }
    // Whoever is turned away gets no further than this.
    if (type !== 'ConnectionRequest') await progress.client.exchanged();
    return progress;
  }

  #authenticationOf(request: SSHUserAuthRequest, client: WireClient): Buffer {
    const common = [50, request.user, request.service, request.method] as const;
    switch (request.method) {
      case 'none':
        return wireBytes(...common);
      case 'password': {
        const { password, newPassword } = request;
        if (newPassword === undefined) return wireBytes(...common, 0, password.expose());
        return wireBytes(...common, 1, password.expose(), newPassword.expose());
      }
      case 'keyboard-interactive':
        if (request.stage === 'started') return wireBytes(...common, '', '');
        return wireBytes(61, [request.answers.length], ...request.answers.map((answer) => answer.expose()));
      case 'publickey': {
        const { algorithm, key, stage } = request;
        const named = wireBytes(
          ...common,
          stage === 'offered' ? 0 : 1,
          algorithm,
          [key.blob.length],
          Buffer.from(key.blob),
        );
        return stage === 'offered' ? named : this.#signed(named, key, client);
      }
      case 'hostbased': {
        const { algorithm, key, clientHostName, clientUserName } = request;
        const shown = wireBytes(...common, algorithm, [key.blob.length], Buffer.from(key.blob));
        return this.#signed(wireBytes(shown, clientHostName, clientUserName), key, client);
      }
      case 'other':
        throw new Error(`what follows ${request.name} is not known`);
    }
  }

  #signed(named: Buffer, key: AuthKey, { sessionId }: WireClient): Buffer {
    const own = this.#keys.find((it) => it.key === key);
    if (own === undefined) throw new Error(`nobody can sign with ${key.fingerprint}`);
    const signature = own.sign(wireBytes([sessionId.length], sessionId, named));
    return wireBytes(named, [signature.length], signature);
  }
}

async function beginAuthentication(progress: Progress): Promise<void> {
  if (progress.serviced) return;
  progress.serviced = true;
  progress.client.send(send.serviceRequest());
  await progress.client.take(6);
}

async function signIn(progress: Progress, user: string): Promise<void> {
  if (progress.signedIn) return;
  progress.signedIn = true;
  await beginAuthentication(progress);
  progress.client.send(send.authPassword(PASSWORD, user));
  await progress.client.take(52);
}

/** The opening of the next channel, as far as all types have it in common. */
function opening(progress: Progress, type: string): Buffer {
  const sender = progress.channels;
  progress.channels += 1;
  return send.channelOpen({ sender, type });
}
