import type { ChannelRequestDetail } from '../../protocol/messages/channel-request-detail.js';
import { base64 } from './base64.js';
import { detailFields } from './detail-fields.js';
import { flag, natural, text } from './plain-fields.js';
import { redactedText } from './redacted.js';

const size = { columns: natural, rows: natural, widthPixels: natural, heightPixels: natural };

/**
 * What a channel request carries. The value of an environment variable may be a token and the cookie of X11 opens a display,
 * so both are redacted. Commands are what policies decide on, so they are written.
 */
export const channelRequestDetail = detailFields<ChannelRequestDetail>({
  'pty-req': { term: text, ...size, encodedTerminalModes: base64 },
  'x11-req': {
    singleConnection: flag,
    authenticationProtocol: text,
    authenticationCookie: redactedText,
    screenNumber: natural,
  },
  env: { variableName: text, variableValue: redactedText },
  shell: {},
  exec: { command: text },
  subsystem: { subsystemName: text },
  'window-change': size,
  'xon-xoff': { clientCanDo: flag },
  signal: { signalName: text },
  'exit-status': { exitStatus: natural },
  'exit-signal': { signalName: text, coreDumped: flag, errorMessage: text, languageTag: text },
  break: { breakLength: natural },
  'auth-agent-req@openssh.com': {},
  'eow@openssh.com': {},
  'keepalive@openssh.com': {},
});
