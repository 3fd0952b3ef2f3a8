import { isIPv6 } from 'node:net';

import type { ConnectionInfo, EventStreams } from 'rxsshd';

const LEVELS = ['none', 'info', 'verbose', 'debug'] as const;

/**
 * Every step that the server tells of, a line each: when, which connection, from where, how important, what. Messages are fit for that:
 * fixed words come first, and what clients say is printable and stands in quotes.
 */
export function logLines(events: EventStreams, writeLine: (line: string) => void): void {
  events.Log.subscribe(({ connection, level, message }) => {
    writeLine(`${new Date().toISOString()} ${connection.id} ${addressOf(connection)} ${LEVELS[level]} ${message}`);
  });
}

const addressOf = ({ remoteAddress, remotePort }: ConnectionInfo): string =>
  `${isIPv6(remoteAddress) ? `[${remoteAddress}]` : remoteAddress}:${String(remotePort)}`;
