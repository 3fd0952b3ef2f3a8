import type { SshRequest } from '../../streams/events/ssh-request.js';

/** What it may do with a channel. */
export type ChannelAction =
  { readonly action: 'data'; readonly data: string | Uint8Array } | { readonly action: 'eof' | 'close' };

/** What a simulated client may do beside asking for something. */
export type ClientAction =
  | ChannelAction
  | { readonly action: 'rekey' | 'hangUp' | 'reset' }
  | { readonly action: 'disconnect'; readonly description: string }
  | { readonly action: 'send'; readonly payload: Uint8Array }
  | { readonly action: 'onChannel'; readonly ordinal: number; readonly step: ClientStep }
  | { readonly action: 'atOnce'; readonly step: ClientStep };

/**
 * One thing that a simulated client does: it sends what makes the server see that request, or it acts.
 *
 * Of a request only what the client says counts; where it comes from is the client's own.
 */
export type ClientStep = SshRequest | ClientAction;

/**
 * What a simulated client does beside asking for something: the other half of {@link ClientStep}.
 *
 * @example
 * ```ts
 * const steps = { l: act.data('ls\n'), z: act.close(), h: act.hangUp() };
 * ```
 */
export const act = {
  /** Sends data on the channel opened last. */
  data: (data: string | Uint8Array): ClientAction => ({ action: 'data', data }),
  /** Will send no more data on the channel opened last (RFC 4254 section 5.3). */
  eof: (): ClientAction => ({ action: 'eof' }),
  /** Closes the channel opened last (RFC 4254 section 5.3). */
  close: (): ClientAction => ({ action: 'close' }),
  /** Takes a step on another channel than the last: 1 is the first that the client's last connection opened. */
  onChannel: (ordinal: number, step: ClientStep): ClientAction => ({ action: 'onChannel', ordinal, step }),
  /** Takes a step without waiting for the answer to the one before, such as going in the middle of a decision. */
  atOnce: (step: ClientStep): ClientAction => ({ action: 'atOnce', step }),
  /** Exchanges keys again (RFC 4253 section 9). */
  rekey: (): ClientAction => ({ action: 'rekey' }),
  /** Says goodbye (RFC 4253 section 11.1). */
  disconnect: (description = 'disconnected by user'): ClientAction => ({ action: 'disconnect', description }),
  /** Goes without a word: the stream ends. */
  hangUp: (): ClientAction => ({ action: 'hangUp' }),
  /** Goes in the worst way: the network reports an error. */
  reset: (): ClientAction => ({ action: 'reset' }),
  /** Sends any payload, well-formed or not, whatever is under way. */
  send: (payload: Uint8Array): ClientAction => ({ action: 'send', payload }),
} as const;
