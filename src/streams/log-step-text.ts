import type { NegotiatedAlgorithms } from '../transport/transport-listener.js';
import type { LogStep } from './events/log-step.js';

/**
 * A step in words, on one line. Fixed words come first, and whatever a peer may have said stands in quotes, so that nobody can be called
 * what another step reads like. It is printable already.
 */
export function logStepText(step: LogStep): string {
  switch (step.kind) {
    case 'connected':
      return 'connection accepted';
    case 'connection-refused':
      return `connection refused: ${step.reason} (${step.by})`;
    case 'greeting-sent':
      return `greeting of ${String(step.length)} bytes sent`;
    case 'identified':
      return `client identified as ${quoted(step.clientVersion)}`;
    case 'client-refused':
      return `client refused as ${quoted(step.clientVersion)}`;
    case 'key-exchange-begun':
      return `key exchange ${String(step.ordinal)} begun by the ${step.by}`;
    case 'algorithms-negotiated':
      return `algorithms negotiated: ${names(step.algorithms)}`;
    case 'keys-exchanged':
      return `${step.ordinal === 1 ? 'keys exchanged' : 'keys renewed'}: ${names(step.algorithms)}`;
    case 'service-accepted':
      return `service accepted: ${quoted(step.service)}`;
    case 'service-refused':
      return `service refused: ${quoted(step.service)}, ${step.reason}`;
    case 'banner-sent':
      return `banner of ${String(step.length)} characters sent`;
    case 'auth-requested':
      return `sign-in requested: ${who(step)}, request ${String(step.ordinal)}`;
    case 'auth-answered':
      return `sign-in answered: ${who(step)}, request ${String(step.ordinal)}, ${step.outcome}`;
    case 'auth-failed':
      return `sign-in failed: ${who(step)}, ${step.reason} (${step.by})`;
    case 'authenticated':
      return `authenticated: ${who(step)}`;
    case 'command-forced':
      return `the forced command is put in place of ${quoted(step.requestType)}`;
    case 'channel-opened':
      return `channel ${step.channel} opened: ${quoted(step.channelType)}`;
    case 'channel-refused':
      return `channel refused: ${quoted(step.channelType)}, ${step.reason} (${step.by})`;
    case 'channel-requested':
      return `channel ${step.channel} request ${outcome(step)}: ${quoted(step.requestType)}`;
    case 'channel-eof':
      return `channel ${step.channel}: end of input`;
    case 'channel-closed':
      return `channel ${step.channel} closed`;
    case 'global-requested':
      return `global request ${outcome(step)}: ${quoted(step.requestType)}`;
    case 'user-told':
      return `user told: ${quoted(step.text)}`;
    case 'packet':
      return `${step.direction} ${String(step.number)} ${step.name}, ${String(step.length)} bytes`;
    case 'disconnected':
      return `disconnected by the ${step.by}${step.reason === undefined ? '' : ` (${step.reason})`}: ${quoted(step.description)}`;
    default:
      return step satisfies never;
  }
}

const quoted = (text: string): string => JSON.stringify(text);

const who = ({ user, method }: { readonly user: string; readonly method: string }): string =>
  `${quoted(user)} by ${quoted(method)}`;

const outcome = ({ granted }: { readonly granted: boolean }): string => (granted ? 'granted' : 'refused');

const names = ({ keyExchange, hostKey, cipherOut, macOut, compressionOut }: NegotiatedAlgorithms): string =>
  [keyExchange, hostKey, cipherOut, macOut, compressionOut]
    .filter((name) => name !== undefined && name !== '')
    .join(', ');
