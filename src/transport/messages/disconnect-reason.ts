/**
 * Reason codes of SSH_MSG_DISCONNECT (RFC 4253 section 11.1), under their names there without `SSH_DISCONNECT_`.
 *
 * @see {@link disconnectReasonName} for the way back.
 */
export const DisconnectReason = {
  HOST_NOT_ALLOWED_TO_CONNECT: 1,
  PROTOCOL_ERROR: 2,
  KEY_EXCHANGE_FAILED: 3,
  RESERVED: 4,
  MAC_ERROR: 5,
  COMPRESSION_ERROR: 6,
  SERVICE_NOT_AVAILABLE: 7,
  PROTOCOL_VERSION_NOT_SUPPORTED: 8,
  HOST_KEY_NOT_VERIFIABLE: 9,
  CONNECTION_LOST: 10,
  BY_APPLICATION: 11,
  TOO_MANY_CONNECTIONS: 12,
  AUTH_CANCELLED_BY_USER: 13,
  NO_MORE_AUTH_METHODS_AVAILABLE: 14,
  ILLEGAL_USER_NAME: 15,
} as const;

/** A reason code that RFC 4253 section 11.1 defines. */
export type DisconnectReason = (typeof DisconnectReason)[keyof typeof DisconnectReason];

/** The name of a reason, such as `BY_APPLICATION`. Stable: fit for logs and metrics. */
export type DisconnectReasonName = keyof typeof DisconnectReason;

const names = new Map<number, string>(Object.entries(DisconnectReason).map(([name, code]) => [code, name]));

/** The name of a reason code as sent by a peer; undefined for one that RFC 4253 does not define. */
export function disconnectReasonName(code: number): DisconnectReasonName | undefined {
  // `Object.entries` forgets that the names are the keys of DisconnectReason.
  return names.get(code) as DisconnectReasonName | undefined;
}
