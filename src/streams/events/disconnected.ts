import type { DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { Identity } from '../identity.js';
import type { Revocation } from '../revocation.js';

/** A connection ended. The last event of every connection that was {@link Connected}. */
export interface Disconnected {
  readonly type: 'Disconnected';
  readonly connection: ConnectionInfo;
  /** Who had signed in; absent if nobody had. */
  readonly identity?: Identity;
  /** Who ended it: the peer in order, this server, or the network underneath. */
  readonly by: 'peer' | 'server' | 'network';
  /** The reason given in SSH_MSG_DISCONNECT (RFC 4253 section 11.1); absent if none was given. */
  readonly reason?: DisconnectReasonName;
  /** For logs. Printable ASCII, whoever has said it: all else is escaped, such as `\u{1b}`. */
  readonly description: string;
  /** Who took the permission to be connected back, and why; absent if nobody did. */
  readonly revoked?: Revocation;
  /** Bytes received from the client over the whole connection, as on the wire. */
  readonly bytesReceived: number;
  /** Bytes sent to the client over the whole connection, as on the wire. */
  readonly bytesSent: number;
}
