import type { AuthAttempt } from '../protocol/authentication/auth-attempt.js';
import { isQuery } from '../protocol/authentication/is-query.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { messageName } from '../transport/messages/message-name.js';
import { printable } from '../transport/printable.js';
import type { NegotiatedAlgorithms, TransportEnd } from '../transport/transport-listener.js';
import { type ChannelId, channelId } from './channel-id.js';
import type { ConnectionInfo } from './connection-info.js';
import type { DenyReason } from './deny-reason.js';
import type { EventHub } from './event-hub.js';
import type { LogLevel } from './events/log.js';
import type { LogStep } from './events/log-step.js';
import type { Identity } from './identity.js';
import { LOG_STEP_LEVELS } from './log-step-levels.js';
import { logStepText } from './log-step-text.js';

/** What is told of a channel. */
type LoggedChannel = Pick<SshChannel, 'localNumber' | 'channelType'>;

/** Who refused, and why. */
interface Refusal {
  readonly by: string;
  readonly reason: DenyReason;
}

/**
 * Tells what happens on one connection, step by step, in `SSHStatus` and `Log` events.
 *
 * Here every step is made, and none that nobody would see. What a peer has said is made printable, once, so that whoever writes
 * steps to a log writes no lines of a peer's.
 */
export class ConnectionLog {
  readonly #info: ConnectionInfo;
  readonly #hub: EventHub;
  readonly #level: LogLevel;
  #ended = false;

  constructor(info: ConnectionInfo, hub: EventHub, level: LogLevel) {
    this.#info = info;
    this.#hub = hub;
    this.#level = level;
  }

  connected(): void {
    if (this.#tells('connected')) this.#tell({ kind: 'connected' });
  }

  connectionRefused(refusal: Refusal): void {
    if (this.#tells('connection-refused')) this.#tell({ kind: 'connection-refused', ...refused(refusal) });
  }

  greetingSent(length: number): void {
    if (this.#tells('greeting-sent')) this.#tell({ kind: 'greeting-sent', length });
  }

  /** @param clientVersion - printable */
  identified(clientVersion: string): void {
    if (this.#tells('identified')) this.#tell({ kind: 'identified', clientVersion });
  }

  /** @param clientVersion - printable */
  clientRefused(clientVersion: string): void {
    if (this.#tells('client-refused')) this.#tell({ kind: 'client-refused', clientVersion });
  }

  keyExchangeBegun(by: 'client' | 'server', ordinal: number): void {
    if (this.#tells('key-exchange-begun')) this.#tell({ kind: 'key-exchange-begun', by, ordinal });
  }

  algorithmsNegotiated(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    if (this.#tells('algorithms-negotiated')) this.#tell({ kind: 'algorithms-negotiated', algorithms, ordinal });
  }

  keysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    if (this.#tells('keys-exchanged')) this.#tell({ kind: 'keys-exchanged', algorithms, ordinal });
  }

  serviceAccepted(service: string): void {
    if (this.#tells('service-accepted')) this.#tell({ kind: 'service-accepted', service: printable(service) });
  }

  serviceRefused(service: string, refusal: Refusal): void {
    if (!this.#tells('service-refused')) return;
    this.#tell({ kind: 'service-refused', service: printable(service), reason: refusal.reason });
  }

  bannerSent(length: number): void {
    if (this.#tells('banner-sent')) this.#tell({ kind: 'banner-sent', length });
  }

  authRequested(attempt: AuthAttempt): void {
    if (this.#tells('auth-requested')) this.#tell({ kind: 'auth-requested', ...authStep(attempt) });
  }

  /** @param outcome - what the client is answered, as the protocol calls it */
  authAnswered(attempt: AuthAttempt, outcome: string): void {
    if (this.#tells('auth-answered')) this.#tell({ kind: 'auth-answered', ...authStep(attempt), outcome });
  }

  /** A query that is refused was only answered. */
  authFailed(attempt: AuthAttempt, refusal: Refusal): void {
    // Whoever is told of answers is told of failures, too.
    if (!this.#tells('auth-failed')) return;
    if (isQuery(attempt)) this.authAnswered(attempt, 'failure');
    else this.#tell({ kind: 'auth-failed', ...authStep(attempt), ...refused(refusal) });
  }

  authenticated(identity: Identity): void {
    if (!this.#tells('authenticated')) return;
    const { user, method, keyFingerprint } = identity;
    const key = keyFingerprint === undefined ? {} : { keyFingerprint };
    this.#tell({ kind: 'authenticated', user: printable(user), method: printable(method), ...key });
  }

  commandForced(requestType: string): void {
    if (this.#tells('command-forced')) this.#tell({ kind: 'command-forced', requestType: printable(requestType) });
  }

  channelOpened(channel: LoggedChannel): void {
    if (!this.#tells('channel-opened')) return;
    this.#tell({ kind: 'channel-opened', channel: this.#idOf(channel), channelType: printable(channel.channelType) });
  }

  channelRefused(channelType: string, refusal: Refusal): void {
    if (!this.#tells('channel-refused')) return;
    this.#tell({ kind: 'channel-refused', channelType: printable(channelType), ...refused(refusal) });
  }

  channelRequested(channel: LoggedChannel, requestType: string, granted: boolean): void {
    if (!this.#tells('channel-requested')) return;
    const what = { channel: this.#idOf(channel), requestType: printable(requestType) };
    this.#tell({ kind: 'channel-requested', ...what, granted });
  }

  channelEof(channel: LoggedChannel): void {
    if (this.#tells('channel-eof')) this.#tell({ kind: 'channel-eof', channel: this.#idOf(channel) });
  }

  channelClosed(channel: LoggedChannel): void {
    if (!this.#tells('channel-closed')) return;
    this.#tell({ kind: 'channel-closed', channel: this.#idOf(channel), channelType: printable(channel.channelType) });
  }

  globalRequested(requestType: string, granted: boolean): void {
    if (!this.#tells('global-requested')) return;
    this.#tell({ kind: 'global-requested', requestType: printable(requestType), granted });
  }

  userTold(text: string): void {
    if (this.#tells('user-told')) this.#tell({ kind: 'user-told', text: printable(text) });
  }

  packet(direction: 'in' | 'out', number: number, length: number): void {
    if (!this.#tells('packet')) return;
    this.#tell({ kind: 'packet', direction, number, name: messageName(number), length });
  }

  /**
   * The last step: what is left to happen on the way back from whoever ended the connection is told no more.
   *
   * @param end - its description printable
   */
  disconnected(end: TransportEnd): void {
    if (this.#tells('disconnected')) {
      const { by, reason, description } = end;
      const why = reason === undefined ? {} : { reason };
      this.#tell({ kind: 'disconnected', by, ...why, description });
    }
    this.#ended = true;
  }

  #idOf(channel: LoggedChannel): ChannelId {
    return channelId(this.#info.id, channel.localNumber);
  }

  #tells(kind: LogStep['kind']): boolean {
    if (this.#ended) return false;
    const level = LOG_STEP_LEVELS[kind];
    return (level === 1 && this.#hub.wants('SSHStatus')) || (level <= this.#level && this.#hub.wants('Log'));
  }

  #tell(step: LogStep): void {
    const connection = this.#info;
    const level = LOG_STEP_LEVELS[step.kind];
    const message = logStepText(step);
    if (level === 1 && this.#hub.wants('SSHStatus')) this.#hub.emit({ type: 'SSHStatus', connection, message, step });
    // Whoever was told may have ended the connection.
    if (this.#ended || level > this.#level || !this.#hub.wants('Log')) return;
    this.#hub.emit({ type: 'Log', connection, level, message, step });
  }
}

const authStep = (attempt: AuthAttempt) => ({
  user: printable(attempt.user),
  method: printable(attempt.method === 'other' ? attempt.name : attempt.method),
  ordinal: attempt.ordinal,
});

const refused = ({ by, reason }: Refusal) => ({ by: printable(by), reason });
