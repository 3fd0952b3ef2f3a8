import { SSH_MSG } from './message-number.js';

/** RFC 4250 section 4.1.2: what these mean is up to the method in progress. */
const OF_METHODS = [
  { name: 'KEX_METHOD', from: 30, to: 49 },
  { name: 'USERAUTH_METHOD', from: 60, to: 79 },
] as const;

/** Made once, since packets are many. */
const NAMES: readonly string[] = Array.from({ length: 256 }, (_, number) => {
  const ofMethod = OF_METHODS.find(({ from, to }) => number >= from && number <= to);
  if (ofMethod !== undefined) return `${ofMethod.name}_${String(number)}`;
  return Object.entries(SSH_MSG).find(([, known]) => known === number)?.[0] ?? 'UNKNOWN';
});

/**
 * What a message is called (RFC 4250 section 4.1.2), such as `CHANNEL_DATA`, without `SSH_MSG_`.
 *
 * `KEX_METHOD_30` or `USERAUTH_METHOD_60` where that depends on more than the number; `UNKNOWN` for a number that is not used.
 */
export const messageName = (number: number): string => NAMES[number] ?? 'UNKNOWN';
