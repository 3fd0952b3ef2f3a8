import type { Clock } from '../../../streams/clock.js';
import type { SshRequestType } from '../../../streams/events/ssh-request.js';
import type { Held } from '../../../streams/held.js';

/**
 * When what was granted began, in milliseconds of `clock`, which need not be the server's. Nobody gains time by a replacement of
 * policies.
 */
export function startedAt(type: SshRequestType, held: Held, clock: Clock): number {
  const grantedAt = held.grantedAt(type);
  return clock === held.clock ? grantedAt : clock.now() - (held.clock.now() - grantedAt);
}
