import type { ChannelOpenDetail } from '../../protocol/messages/channel-open-detail.js';
import { base64 } from './base64.js';
import { detailFields } from './detail-fields.js';
import { natural, text } from './plain-fields.js';

const originator = { originatorAddress: text, originatorPort: natural };

/** What a request for a channel carries. */
export const channelOpenDetail = detailFields<ChannelOpenDetail>({
  session: {},
  'auth-agent@openssh.com': {},
  x11: originator,
  'forwarded-tcpip': { connectedAddress: text, connectedPort: natural, ...originator },
  'direct-tcpip': { hostToConnect: text, portToConnect: natural, ...originator },
  'direct-streamlocal@openssh.com': { socketPath: text, reserved: base64, reservedNumber: natural },
  'forwarded-streamlocal@openssh.com': { socketPath: text, reserved: base64 },
});
