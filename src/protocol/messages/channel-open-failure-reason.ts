/** Reason codes of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 section 5.1), under their names there without `SSH_OPEN_`. */
export const ChannelOpenFailureReason = {
  ADMINISTRATIVELY_PROHIBITED: 1,
  CONNECT_FAILED: 2,
  UNKNOWN_CHANNEL_TYPE: 3,
  RESOURCE_SHORTAGE: 4,
} as const;

/** A reason code that RFC 4254 section 5.1 defines. */
export type ChannelOpenFailureReason = (typeof ChannelOpenFailureReason)[keyof typeof ChannelOpenFailureReason];

/** The name of a reason, such as `CONNECT_FAILED`. Stable: fit for logs and metrics. */
export type ChannelOpenFailureReasonName = keyof typeof ChannelOpenFailureReason;
