import type { GlobalRequestDetail } from '../../protocol/messages/global-request-detail.js';
import { base64 } from './base64.js';
import { detailFields } from './detail-fields.js';
import { list, natural, text } from './plain-fields.js';

const bind = { addressToBind: text, portToBind: natural };
const hostKeys = { hostKeys: list(base64) };

/** What a global request carries. */
export const globalRequestDetail = detailFields<GlobalRequestDetail>({
  'tcpip-forward': bind,
  'cancel-tcpip-forward': bind,
  'streamlocal-forward@openssh.com': { socketPath: text },
  'cancel-streamlocal-forward@openssh.com': { socketPath: text },
  'hostkeys-00@openssh.com': hostKeys,
  'hostkeys-prove-00@openssh.com': hostKeys,
  'no-more-sessions@openssh.com': {},
  'keepalive@openssh.com': {},
});
