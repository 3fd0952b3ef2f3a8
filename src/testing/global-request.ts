import { GlobalRequestDetail } from '../protocol/messages/global-request-detail.js';
import type { SSHGlobalRequest } from '../streams/events/ssh-global-request.js';
import { connectionOf, identityOf, type SessionOrigin } from './request-origin.js';

/** What the builders of {@link globalRequest} can be told besides. */
export interface GlobalRequestOptions extends SessionOrigin {
  /** Whether the client waits for an answer. Default true. */
  readonly wantReply?: boolean;
}

const build = (detail: GlobalRequestDetail, options: GlobalRequestOptions): SSHGlobalRequest => ({
  type: 'SSHGlobalRequest',
  connection: connectionOf(options),
  identity: identityOf(options),
  requestType: GlobalRequestDetail.nameOf(detail),
  wantReply: options.wantReply ?? true,
  detail,
  data: GlobalRequestDetail.encode(detail),
});

/**
 * Builds requests about a whole connection as a server would see them (RFC 4254 section 4).
 *
 * @example
 * ```ts
 * const web = globalRequest.tcpipForward('localhost', 8080, { user: 'bob' });
 * ```
 */
export const globalRequest = {
  /** Asks the server to listen on a TCP port (RFC 4254 section 7.1). */
  tcpipForward: (addressToBind: string, portToBind: number, options: GlobalRequestOptions = {}): SSHGlobalRequest =>
    build({ type: 'tcpip-forward', addressToBind, portToBind }, options),

  /** Asks the server to stop listening on a TCP port (RFC 4254 section 7.1). */
  cancelTcpipForward: (
    addressToBind: string,
    portToBind: number,
    options: GlobalRequestOptions = {},
  ): SSHGlobalRequest => build({ type: 'cancel-tcpip-forward', addressToBind, portToBind }, options),

  /** Asks the server to listen on a Unix socket (OpenSSH PROTOCOL, section 2.4). */
  streamlocalForward: (socketPath: string, options: GlobalRequestOptions = {}): SSHGlobalRequest =>
    build({ type: 'streamlocal-forward@openssh.com', socketPath }, options),

  /** A request of a name that the server does not know; `data` is the name-specific part. */
  other: (requestType: string, data: Uint8Array = new Uint8Array(), options: GlobalRequestOptions = {}) =>
    build({ type: 'other', name: requestType, data: Buffer.from(data) }, options),
} as const;
