import type { ChannelOpenFailureReasonName } from '../../protocol/messages/channel-open-failure-reason.js';
import type { DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import type { ClientStep } from './client-action.js';

/** One thing that a client learns. */
export type ClientOutcome =
  /** The server is ready to authenticate it. */
  | { readonly outcome: 'connected' }
  /** It was turned away before the protocol began. */
  | { readonly outcome: 'refused' }
  /** It has signed in. */
  | { readonly outcome: 'granted' }
  /** It has not; `methods` are those that may go on. */
  | { readonly outcome: 'denied'; readonly methods: readonly string[] }
  /** Right, but more is wanted (RFC 4252 section 5.1). */
  | { readonly outcome: 'partial'; readonly methods: readonly string[] }
  /** It is asked questions (RFC 4256 section 3.2). */
  | {
      readonly outcome: 'challenged';
      readonly name: string;
      readonly instruction: string;
      readonly prompts: readonly string[];
    }
  /** Its password has to be changed, or the new one will not do (RFC 4252 section 8). */
  | { readonly outcome: 'changeRequested'; readonly prompt: string }
  /** The key that it has offered would do. */
  | { readonly outcome: 'acceptable' }
  /** What the server says before authentication (RFC 4252 section 5.4). */
  | { readonly outcome: 'banner'; readonly message: string }
  /** A channel is open. Channels count from 1, in the order in which the connection asked for them. */
  | { readonly outcome: 'opened'; readonly channel: number }
  | {
      readonly outcome: 'unopened';
      readonly channel: number;
      readonly reason: ChannelOpenFailureReasonName | 'unknown';
      readonly description: string;
    }
  /** A request of a channel, or of the connection, was met. */
  | { readonly outcome: 'done'; readonly channel?: number }
  | { readonly outcome: 'failed'; readonly channel?: number }
  /** The program on a channel has ended (RFC 4254 section 6.10). */
  | { readonly outcome: 'exited'; readonly channel: number; readonly exit: number | string }
  /** A channel is closed in both directions. */
  | { readonly outcome: 'closed'; readonly channel: number }
  /** The server says something that is shown to the user (RFC 4253 section 11.3). */
  | { readonly outcome: 'warned'; readonly message: string }
  /** The server has ended the connection; without a reason it did so without a word. */
  | { readonly outcome: 'disconnected'; readonly reason?: DisconnectReasonName; readonly description: string }
  /** What the client was to do next and could not: the connection or the channel is not there. */
  | { readonly outcome: 'unsent'; readonly step: ClientStep };

/** The name of a {@link ClientOutcome}. */
export type ClientOutcomeName = ClientOutcome['outcome'];

/** What is expected of an outcome: its name, or its name with what is to be said of it, such as `exited: 0`. */
export type ExpectedOutcome = ClientOutcomeName | `${ClientOutcomeName}: ${string}`;

/** The letters that mean something by themselves. */
export const CLIENT_OUTCOME_LETTERS: Readonly<Record<string, ClientOutcomeName>> = {
  c: 'connected',
  r: 'refused',
  g: 'granted',
  d: 'denied',
  p: 'partial',
  q: 'challenged',
  k: 'acceptable',
  h: 'changeRequested',
  b: 'banner',
  o: 'opened',
  f: 'unopened',
  y: 'done',
  n: 'failed',
  e: 'exited',
  z: 'closed',
  w: 'warned',
  x: 'disconnected',
  u: 'unsent',
};

/** An outcome in a line, such as `disconnected: the login took too long`. */
export function describeOutcome(it: ClientOutcome): string {
  const detail = detailOf(it);
  return detail === '' ? it.outcome : `${it.outcome}: ${detail}`;
}

/** Whether an outcome is what was expected: the name, or all there is to say of it. */
export const meets = (it: ClientOutcome, expected: ExpectedOutcome): boolean =>
  expected === it.outcome || expected === describeOutcome(it);

function detailOf(it: ClientOutcome): string {
  switch (it.outcome) {
    case 'denied':
    case 'partial':
      return it.methods.join(',');
    case 'challenged':
      return [it.instruction, ...it.prompts].filter((text) => text !== '').join(' ');
    case 'changeRequested':
      return it.prompt;
    case 'banner':
    case 'warned':
      return it.message;
    case 'unopened':
      return it.reason;
    case 'exited':
      return String(it.exit);
    case 'disconnected':
      return it.description;
    case 'unsent':
      return 'action' in it.step ? it.step.action : it.step.type;
    case 'connected':
    case 'refused':
    case 'granted':
    case 'acceptable':
    case 'opened':
    case 'done':
    case 'failed':
    case 'closed':
      return '';
    default:
      return it satisfies never;
  }
}
