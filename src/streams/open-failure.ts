import type { ChannelOpenFailureReasonName } from '../protocol/messages/channel-open-failure-reason.js';
import { DenyReason } from './deny-reason.js';

/** What a client whose channel was refused is told (RFC 4254 section 5.1): as little as the protocol allows. */
export function openFailureOf(reason: DenyReason): ChannelOpenFailureReasonName {
  switch (reason) {
    case DenyReason.NoRoute:
      return 'UNKNOWN_CHANNEL_TYPE';
    case DenyReason.LimitReached:
    case DenyReason.RateLimited:
    case DenyReason.ShuttingDown:
      return 'RESOURCE_SHORTAGE';
    default:
      return 'ADMINISTRATIVELY_PROHIBITED';
  }
}
