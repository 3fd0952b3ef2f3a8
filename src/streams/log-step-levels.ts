import type { LogLevel } from './events/log.js';
import type { LogStep } from './events/log-step.js';

/** How much has to be wanted for a step to be told: 1 handshake and life cycle, 2 each request, 3 each packet. */
export const LOG_STEP_LEVELS: { readonly [Kind in LogStep['kind']]: Exclude<LogLevel, 0> } = {
  connected: 1,
  'connection-refused': 2,
  'greeting-sent': 2,
  identified: 1,
  'client-refused': 1,
  'key-exchange-begun': 1,
  'algorithms-negotiated': 2,
  'keys-exchanged': 1,
  'service-accepted': 1,
  'service-refused': 1,
  'banner-sent': 2,
  'auth-requested': 2,
  'auth-answered': 2,
  'auth-failed': 1,
  authenticated: 1,
  'command-forced': 1,
  'channel-opened': 2,
  'channel-refused': 2,
  'channel-requested': 2,
  'channel-eof': 2,
  'channel-closed': 2,
  'global-requested': 2,
  'user-told': 1,
  packet: 3,
  disconnected: 1,
};
