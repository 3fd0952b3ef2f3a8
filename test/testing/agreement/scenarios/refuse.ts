import {
  decideEach,
  deny,
  DenyReason,
  type Policy,
  type SSHChannelOpenRequest,
  type SSHChannelRequest,
} from '../../../../src/index.js';

/** Denies the channel requests of one type. */
export const denyRequests = (requestType: string): Policy<SSHChannelRequest> =>
  decideEach('denyRequests', (verdict) =>
    verdict.request.requestType === requestType ? deny(verdict, 'denyRequests', DenyReason.NotPermitted) : verdict,
  );

/** Denies all channels. */
export const denyChannels = (reason: DenyReason): Policy<SSHChannelOpenRequest> =>
  decideEach('denyChannels', (verdict) => deny(verdict, 'denyChannels', reason));
