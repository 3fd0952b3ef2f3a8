import type { GlobalRequestDetail } from '../../protocol/messages/global-request-detail.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { Identity } from '../identity.js';

/** The client asks something of the whole connection, such as a port to be forwarded (RFC 4254 section 4). */
export interface SSHGlobalRequest {
  readonly type: 'SSHGlobalRequest';
  readonly connection: ConnectionInfo;
  readonly identity: Identity;
  /** `tcpip-forward` and so on, as sent. */
  readonly requestType: string;
  /** Whether the client waits for an answer. */
  readonly wantReply: boolean;
  /** The type-specific data, decoded where the type is known. */
  readonly detail: GlobalRequestDetail;
  /** The type-specific data as sent. */
  readonly data: Uint8Array;
}
