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
