import type { Clock } from '../../../streams/clock.js';
import type { SshRequest, SshRequestType } from '../../../streams/events/ssh-request.js';
import type { Held } from '../../../streams/held.js';
import type { UndeniedVerdict } from '../decide-each.js';

/** By what is held, since policies come and go while it lives on. */
const starts = new WeakMap<Held, { [Type in SshRequestType]?: number }>();

/**
 * When what was granted began, in milliseconds of `clock`: now, or earlier if the request is asked again because policies were replaced,
 * so that nobody gains time by that. To be called when a lease begins.
 *
 * A start is only known if a policy of the former set asked for it; else the time counts from the replacement.
 */
export function startedAt({ request, context }: UndeniedVerdict<SshRequest>, held: Held, clock: Clock): number {
  const known = starts.get(held);
  const former = context?.reevaluation === true ? known?.[request.type] : undefined;
  const start = former ?? clock.now();
  if (known === undefined) starts.set(held, { [request.type]: start });
  else known[request.type] = start;
  return start;
}
