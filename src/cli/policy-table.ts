import { SSH_REQUEST_TYPES } from '../streams/events/ssh-request.js';
import type { DescribedPolicy } from '../streams/ssh-server.js';

/**
 * What `describe()` says as text to read: under each type of request its policies, one a line, with the order in which they
 * are asked, phase and source, in columns that are aligned across all types. Ends with a line feed.
 */
export function policyTable(described: readonly DescribedPolicy[]): string {
  const chains = SSH_REQUEST_TYPES.map((type) => described.filter(({ request }) => request === type));
  const orderWidth = String(Math.max(...chains.map((chain) => chain.length))).length;
  const phaseWidth = Math.max(0, ...described.map(({ phase }) => phase.length));

  const line = ({ phase, source }: DescribedPolicy, index: number): string =>
    `  ${String(index + 1).padStart(orderWidth)}  ${phase.padEnd(phaseWidth)}  ${source}\n`;

  return SSH_REQUEST_TYPES.map((type, index) => {
    const chain = chains[index] ?? [];
    return `${type}\n${chain.length === 0 ? NOBODY : chain.map(line).join('')}`;
  }).join('\n');
}

const NOBODY = '  no policy: every request is denied\n';
