import type { ChannelRequestContent } from './ssh-channel-request.js';

/** A channel request was granted and answered; what it asked for happens now. */
export interface SSHChannelRequested extends ChannelRequestContent {
  readonly type: 'SSHChannelRequested';
}
