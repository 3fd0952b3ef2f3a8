import { Subscription } from 'rxjs';

import { SshServerError } from '../errors.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { after, type Clock } from './clock.js';
import { tellUser } from './tell-user.js';

/** How long a client may take to read the last words on a channel, in milliseconds. */
export const LAST_WORDS_MS = 5000;

/** What {@link revokeChannel} needs. */
export interface ChannelRevocationParts {
  readonly clock: Clock;
  readonly message: string;
  /** How long the program may still work once the user was told, in milliseconds. */
  readonly graceMs: number;
  /**
   * Fixes the report of how the program ended: by a signal (RFC 4254 section 6.10), whatever it says itself by then.
   *
   * @returns sends the report
   */
  readonly reportSignal: () => () => void;
}

/**
 * Ends a channel whose permission was taken back, in this order: the user is told, the exit signal is sent,
 * the program's abort signal fires, the grace goes by, the channel closes. A client that does not read is cut off 5 seconds after the
 * grace. A channel that is no session ends at once, with what waits on it: it has no user to tell.
 *
 * @returns gives the timers up; to be called when the channel has closed
 */
export function revokeChannel(
  channel: SshChannel,
  { clock, message, graceMs, reportSignal }: ChannelRevocationParts,
): Subscription {
  const timers = new Subscription();
  const end = (): void => {
    if (channel.session === undefined) channel.abort();
    else channel.close();
  };
  // Now, since a program that ends when it is told to may do so before its client has read the message.
  const sendReport = channel.session?.program === undefined ? ignore : reportSignal();
  tellUser(channel, message, () => {
    sendReport();
    if (graceMs > 0) timers.add(after(clock, graceMs, end));
    else end();
  });
  // Behind the message, which a program that ends at once would otherwise overtake.
  channel.interrupt(new SshServerError('ERR_SSH_REVOKED', message));
  // Closing waits for the client to take what was written, and nobody may keep a revoked grant by not reading.
  timers.add(
    after(clock, graceMs + LAST_WORDS_MS, () => {
      channel.abort();
    }),
  );
  return timers;
}

const ignore = (): void => undefined;
