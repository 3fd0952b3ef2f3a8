import type { SshServerError } from '../../errors.js';
import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';

/**
 * Something went wrong: a peer broke the protocol, a policy or handler threw, a socket failed.
 *
 * The server lives on. `error.code` tells the kind, `source` names the `Class.method` where the application is at fault.
 */
export interface ErrorEvent {
  readonly type: 'Error';
  /** Absent if the failure belongs to no connection. */
  readonly connection?: ConnectionInfo;
  /** Absent if the failure belongs to no channel. */
  readonly channel?: ChannelId;
  readonly error: SshServerError;
  /** The policy or handler at fault, as `Class.method` or the name of the policy. */
  readonly source?: string;
}
