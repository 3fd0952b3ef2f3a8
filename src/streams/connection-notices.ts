import type { SshServerError } from '../errors.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import type { ChannelRequestQuestion } from '../protocol/connection-authority.js';
import type { TransportEnd } from '../transport/transport-listener.js';
import { type ChannelId, channelId } from './channel-id.js';
import type { ConnectionInfo } from './connection-info.js';
import type { EventHub } from './event-hub.js';
import type { ChannelExit } from './events/ssh-channel-closed.js';
import type { Identity } from './identity.js';
import type { Revocation } from './revocation.js';

/** Makes events of what happens on one connection. None is built that nobody would see. */
export class ConnectionNotices {
  readonly #info: ConnectionInfo;
  readonly #hub: EventHub;

  constructor(info: ConnectionInfo, hub: EventHub) {
    this.#info = info;
    this.#hub = hub;
  }

  connected(): void {
    if (this.#hub.wants('Connected')) this.#hub.emit({ type: 'Connected', connection: this.#info });
  }

  error(error: SshServerError, at: { readonly channel?: ChannelId; readonly source?: string } = {}): void {
    if (this.#hub.wants('Error')) this.#hub.emit({ type: 'Error', connection: this.#info, ...at, error });
  }

  channelOpened(channel: SshChannel): void {
    if (!this.#hub.wants('SSHChannelOpened')) return;
    this.#hub.emit({ type: 'SSHChannelOpened', ...this.#at(channel), channelType: channel.channelType });
  }

  channelRequested(channel: SshChannel, identity: Identity, question: ChannelRequestQuestion): void {
    if (!this.#hub.wants('SSHChannelRequested')) return;
    this.#hub.emit({
      type: 'SSHChannelRequested',
      ...this.#at(channel),
      identity,
      channelType: channel.channelType,
      ...question,
    });
  }

  channelData(channel: SshChannel, data: Buffer, dataType: number): void {
    if (!this.#hub.wants('SSHChannelDataIn')) return;
    this.#hub.emit({ type: 'SSHChannelDataIn', ...this.#at(channel), data, dataType });
  }

  channelEof(channel: SshChannel): void {
    if (this.#hub.wants('SSHChannelEOF')) this.#hub.emit({ type: 'SSHChannelEOF', ...this.#at(channel) });
  }

  channelReadyToSend(channel: SshChannel): void {
    if (!this.#hub.wants('SSHChannelReadyToSend')) return;
    this.#hub.emit({ type: 'SSHChannelReadyToSend', ...this.#at(channel) });
  }

  channelClosed(channel: SshChannel, exit: ChannelExit | undefined, revoked: Revocation | undefined): void {
    if (!this.#hub.wants('SSHChannelClosed')) return;
    this.#hub.emit({
      type: 'SSHChannelClosed',
      ...this.#at(channel),
      channelType: channel.channelType,
      ...(exit === undefined ? {} : { exit }),
      ...(revoked === undefined ? {} : { revoked }),
      bytesReceived: channel.bytesReceived,
      bytesSent: channel.bytesSent,
    });
  }

  disconnected(
    end: TransportEnd,
    identity: Identity | undefined,
    revoked: Revocation | undefined,
    bytes: { readonly bytesReceived: number; readonly bytesSent: number },
  ): void {
    if (!this.#hub.wants('Disconnected')) return;
    this.#hub.emit({
      type: 'Disconnected',
      connection: this.#info,
      ...(identity === undefined ? {} : { identity }),
      by: end.by,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
      description: end.description,
      ...(revoked === undefined ? {} : { revoked }),
      ...bytes,
    });
  }

  #at(channel: SshChannel) {
    return { connection: this.#info, channel: channelId(this.#info.id, channel.localNumber) };
  }
}
