import type { SshEvent } from '../../streams/events/ssh-event.js';

/**
 * Whether what was said of a connection may be forgotten: it ended, or was never let in. Writer and reader forget at the same
 * line, so that neither grows with the number of connections that ever were.
 */
export const endsConnection = (event: SshEvent): boolean =>
  event.type === 'Disconnected' ||
  (event.type === 'Decided' && event.request.type === 'ConnectionRequest' && event.outcome === 'denied');
