import { SSH_MSG } from '../../../transport/messages/message-number.js';
import { connectionsIn } from '../history-trace.js';
import type { Invariant } from './invariant.js';

/** Message numbers of each protocol (RFC 4250 section 4.1.2). */
const AUTHENTICATION = { from: 50, to: 79 } as const;
const CONNECTION = { from: 80, to: 127 } as const;

/** What only somebody who has signed in can bring about. */
const SESSION_EVENTS: ReadonlySet<string> = new Set([
  'SSHChannelOpenRequest',
  'SSHChannelRequest',
  'SSHGlobalRequest',
  'SSHChannelOpened',
]);

/** Nothing of authentication is said before its service is there, and nothing of the connection protocol before its success. */
export const authenticationFirst: Invariant = {
  name: 'authentication first',
  *check(trace) {
    for (const { name, entries } of connectionsIn(trace)) {
      let served = false;
      let authenticated = false;
      for (const entry of entries) {
        if (entry.kind === 'event' && !authenticated && SESSION_EVENTS.has(entry.event.type)) {
          yield `${name}: ${entry.event.type} before authentication`;
        }
        if (entry.kind !== 'payload' || entry.to !== 'client') continue;
        const number = entry.payload[0] ?? 0;
        if (number === SSH_MSG.SERVICE_ACCEPT) served = true;
        else if (number === SSH_MSG.USERAUTH_SUCCESS) authenticated = true;
        if (!served && isOf(AUTHENTICATION, number)) yield `${name}: message ${String(number)} before the service`;
        if (!authenticated && isOf(CONNECTION, number)) {
          yield `${name}: message ${String(number)} of the connection protocol before authentication`;
        }
      }
    }
  },
};

const isOf = ({ from, to }: { readonly from: number; readonly to: number }, number: number): boolean =>
  number >= from && number <= to;
