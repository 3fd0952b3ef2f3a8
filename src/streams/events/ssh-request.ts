import type { ConnectionRequest } from './connection-request.js';
import type { SSHChannelOpenRequest } from './ssh-channel-open-request.js';
import type { SSHChannelRequest } from './ssh-channel-request.js';
import type { SSHGlobalRequest } from './ssh-global-request.js';
import type { SSHServiceRequest } from './ssh-service-request.js';
import type { SSHUserAuthRequest } from './ssh-user-auth-request.js';

/** The requests by name: events that somebody waits for an answer to. */
export interface SshRequests {
  readonly ConnectionRequest: ConnectionRequest;
  readonly SSHServiceRequest: SSHServiceRequest;
  readonly SSHUserAuthRequest: SSHUserAuthRequest;
  readonly SSHChannelOpenRequest: SSHChannelOpenRequest;
  readonly SSHChannelRequest: SSHChannelRequest;
  readonly SSHGlobalRequest: SSHGlobalRequest;
}

/** The name of a request. */
export type SshRequestType = keyof SshRequests;

/** Any request. */
export type SshRequest = SshRequests[SshRequestType];

/** The names as values, in the order of a connection's life. `satisfies` keeps the list complete. */
const NAMES = {
  ConnectionRequest: true,
  SSHServiceRequest: true,
  SSHUserAuthRequest: true,
  SSHChannelOpenRequest: true,
  SSHChannelRequest: true,
  SSHGlobalRequest: true,
} as const satisfies Record<SshRequestType, true>;

/** Every request name, in the order of a connection's life. */
export const SSH_REQUEST_TYPES: readonly SshRequestType[] =
  // Object.keys widens to string; the literal above has exactly these keys.
  Object.keys(NAMES) as SshRequestType[];
