import { channelId } from '../../../src/streams/channel-id.js';
import { connectionId } from '../../../src/streams/connection-id.js';
import type { ConnectionInfo } from '../../../src/streams/connection-info.js';
import type { ConnectionRequest } from '../../../src/streams/events/connection-request.js';
import type { SSHChannelOpenRequest } from '../../../src/streams/events/ssh-channel-open-request.js';
import type { SSHChannelRequest } from '../../../src/streams/events/ssh-channel-request.js';
import type {
  AuthKey,
  KeyboardInteractiveAnswer,
  KeyboardInteractiveStart,
  NoneAuthRequest,
  OfferedKeyAuthRequest,
  PasswordAuthRequest,
  ProvenHostAuthRequest,
  ProvenKeyAuthRequest,
  RefutedHostAuthRequest,
  RefutedKeyAuthRequest,
  SSHUserAuthRequest,
  UnknownMethodAuthRequest,
} from '../../../src/streams/events/ssh-user-auth-request.js';
import type { Identity } from '../../../src/streams/identity.js';
import { Secret } from '../../../src/streams/secret.js';
import { ChannelRequestDetail } from '../../../src/protocol/messages/channel-request-detail.js';
import { ChannelOpenDetail } from '../../../src/protocol/messages/channel-open-detail.js';

const id = connectionId(1);
const channel = channelId(id, 0);
const identity: Identity = { user: 'ann', method: 'password' };

const from = (remoteAddress: string): ConnectionInfo => ({
  id,
  remoteAddress,
  remotePort: 50_000,
  localAddress: '127.0.0.1',
  localPort: 22,
});

const connection = from('192.0.2.7');

export const knock = (remoteAddress: string): ConnectionRequest => ({
  type: 'ConnectionRequest',
  connection: from(remoteAddress),
});

const auth = { type: 'SSHUserAuthRequest', connection, user: 'ann', service: 'ssh-connection', ordinal: 1 } as const;

export const none: NoneAuthRequest = { ...auth, method: 'none' };
const unknownMethod: UnknownMethodAuthRequest = { ...auth, method: 'other', name: 'gssapi-with-mic' };

export const password = (text: string, user = 'ann'): PasswordAuthRequest => ({
  ...auth,
  user,
  method: 'password',
  password: new Secret(text),
});

const publicKey = (key: AuthKey, user: string, remoteAddress: string) =>
  ({ ...auth, connection: from(remoteAddress), user, method: 'publickey', algorithm: key.type, key }) as const;

export const offered = (key: AuthKey, user = 'ann', remoteAddress = '192.0.2.7'): OfferedKeyAuthRequest => ({
  ...publicKey(key, user, remoteAddress),
  stage: 'offered',
});
export const proven = (key: AuthKey, user = 'ann', remoteAddress = '192.0.2.7'): ProvenKeyAuthRequest => ({
  ...publicKey(key, user, remoteAddress),
  stage: 'proven',
});
export const refuted = (key: AuthKey, user = 'ann'): RefutedKeyAuthRequest => ({
  ...publicKey(key, user, '192.0.2.7'),
  stage: 'refuted',
});

const hostbased = (key: AuthKey) =>
  ({
    ...auth,
    method: 'hostbased',
    algorithm: key.type,
    key,
    clientHostName: 'desk.example.com.',
    clientUserName: 'ann',
  }) as const;

export const provenHost = (key: AuthKey): ProvenHostAuthRequest => ({ ...hostbased(key), stage: 'proven' });
export const refutedHost = (key: AuthKey): RefutedHostAuthRequest => ({ ...hostbased(key), stage: 'refuted' });

export const interactiveStart: KeyboardInteractiveStart = {
  ...auth,
  method: 'keyboard-interactive',
  stage: 'started',
  submethods: [],
};
export const interactiveAnswer = (round: number, ...answers: readonly string[]): KeyboardInteractiveAnswer => ({
  ...auth,
  method: 'keyboard-interactive',
  stage: 'answered',
  round,
  answers: answers.map((answer) => new Secret(answer)),
});

const anyKey: AuthKey = { type: 'ssh-ed25519', blob: Uint8Array.of(1), fingerprint: 'SHA256:x', bits: 256 };

/** One request of each kind that authentication knows. */
export const authRequests: Readonly<Record<string, SSHUserAuthRequest>> = {
  none,
  password: password('secret'),
  offered: offered(anyKey),
  proven: proven(anyKey),
  refuted: refuted(anyKey),
  started: interactiveStart,
  answered: interactiveAnswer(1, 'secret'),
  provenHost: provenHost(anyKey),
  refutedHost: refutedHost(anyKey),
  other: unknownMethod,
};

export function channelRequest(detail: ChannelRequestDetail, channelType = 'session'): SSHChannelRequest {
  return {
    type: 'SSHChannelRequest',
    connection,
    identity,
    channel,
    channelType,
    requestType: ChannelRequestDetail.nameOf(detail),
    wantReply: true,
    detail,
    data: ChannelRequestDetail.encode(detail),
  };
}

export const exec = (command: string): SSHChannelRequest => channelRequest({ type: 'exec', command });

export function channelOpen(detail: ChannelOpenDetail): SSHChannelOpenRequest {
  return {
    type: 'SSHChannelOpenRequest',
    connection,
    identity,
    channel,
    channelType: ChannelOpenDetail.nameOf(detail),
    detail,
    data: ChannelOpenDetail.encode(detail),
  };
}
