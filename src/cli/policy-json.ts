import { SSH_REQUEST_TYPES } from '../streams/events/ssh-request.js';
import type { DescribedPolicy } from '../streams/ssh-server.js';

/**
 * What `describe()` says as JSON: an object with a member for every type of request, each an array of
 * `{ order, phase, source }` in the order in which they are asked, counted from 1. Ends with a line feed.
 */
export function policyJson(described: readonly DescribedPolicy[]): string {
  const chains = SSH_REQUEST_TYPES.map((type) => [
    type,
    described
      .filter(({ request }) => request === type)
      .map(({ phase, source }, index) => ({ order: index + 1, phase, source })),
  ]);
  return `${JSON.stringify(Object.fromEntries(chains), undefined, 2)}\n`;
}
