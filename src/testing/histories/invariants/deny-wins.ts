import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Invariant } from './invariant.js';

/** What any policy has denied is denied. */
export const denyWins: Invariant = {
  name: 'deny wins',
  *check({ entries }) {
    const denials = new Map<SshRequest, string>();
    for (const entry of entries) {
      if (entry.kind === 'denial') {
        if (!denials.has(entry.request)) denials.set(entry.request, entry.by);
      } else if (entry.kind === 'event' && entry.event.type === 'Decided' && entry.event.outcome === 'granted') {
        const { request, by } = entry.event;
        const denier = denials.get(request);
        if (denier !== undefined) yield `${by} granted ${request.type}, which ${denier} had denied`;
      }
    }
  },
};
