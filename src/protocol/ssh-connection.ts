import { SSH_MSG } from '../transport/messages/message-number.js';
import { Ping, Pong } from '../transport/messages/ping.js';
import { ServiceAccept, ServiceRequest } from '../transport/messages/service.js';
import type { PacketTransport } from '../transport/packet-transport.js';
import type { NegotiatedAlgorithms, TransportEnd, TransportListener } from '../transport/transport-listener.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import type { Arrival } from './arrival.js';
import { verifyUserAuthSignature } from './authentication/signature.js';
import { UserAuthentication } from './authentication/user-authentication.js';
import { ChannelTable } from './channels/channel-table.js';
import type { SshChannel } from './channels/ssh-channel.js';
import type { ConnectionAuthority } from './connection-authority.js';
import { GlobalRequests } from './global-requests.js';
import type { ProtocolLimits } from './limits.js';

/** After authentication the client may renew its keys as often as it likes; the engine bounds each exchange. */
const UNLIMITED = Infinity;

/**
 * One SSH connection from its first byte to its last: which message is allowed when, and who handles it.
 *
 * Before authentication nothing of the connection protocol is heard; after it nothing of authentication.
 */
export class SshConnection implements TransportListener {
  readonly #transport: PacketTransport;
  readonly #authority: ConnectionAuthority;
  readonly #limits: ProtocolLimits;
  readonly #authentication: UserAuthentication;
  readonly #channels: ChannelTable;
  readonly #globalRequests: GlobalRequests;
  #service: 'none' | 'deciding' | 'ssh-userauth' = 'none';
  #ended = false;

  constructor(arrival: Arrival, settings: TransportSettings, limits: ProtocolLimits, authority: ConnectionAuthority) {
    this.#authority = authority;
    this.#limits = limits;
    this.#transport = arrival.enter(this, settings);
    this.#authentication = new UserAuthentication(
      this.#transport,
      limits,
      authority,
      arrival.verifySignature ?? verifyUserAuthSignature,
    );
    this.#channels = new ChannelTable(this.#transport, limits, authority);
    this.#globalRequests = new GlobalRequests(this.#transport, limits, authority);
  }

  /** The transport underneath. */
  get transport(): PacketTransport {
    return this.#transport;
  }

  /** Open channels. */
  get channels(): Iterable<SshChannel> {
    return this.#channels.channels();
  }

  /** Whether a user has got in. */
  get authenticated(): boolean {
    return this.#authentication.authenticated;
  }

  /** Sends the identification line, behind `greeting` if there is one, and begins to read. */
  start(greeting?: Buffer): void {
    this.#transport.start(greeting);
  }

  onIdentification(line: string): void {
    this.#authority.onIdentification(line);
  }

  onKeyExchangeBegun(by: 'client' | 'server', ordinal: number): void {
    this.#authority.onKeyExchangeBegun(by, ordinal);
  }

  onAlgorithmsNegotiated(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    this.#authority.onAlgorithmsNegotiated(algorithms, ordinal);
  }

  onPacket(direction: 'in' | 'out', number: number, length: number): void {
    this.#authority.onPacket(direction, number, length);
  }

  onKeysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    this.#authority.onKeysExchanged(algorithms, ordinal);
  }

  maxKeyExchanges(): number {
    return this.authenticated ? UNLIMITED : this.#limits.maxKeyExchangesBeforeAuth;
  }

  onPayload(payload: Buffer): boolean {
    const number = payload[0] ?? 0;
    if (number === SSH_MSG.SERVICE_REQUEST) {
      this.#onServiceRequest(payload);
      return true;
    }
    // Clients may tell us their extensions (RFC 8308 section 2.4); none of them concerns a server yet.
    if (number === SSH_MSG.EXT_INFO) return true;
    if (number >= 50 && number < 80) return this.#onAuthMessage(payload);
    if (number >= 80 && number < 128) return this.#onConnectionMessage(number, payload);
    if (number === SSH_MSG.PING) {
      this.#onPing(payload);
      return true;
    }
    return false;
  }

  onWritable(): void {
    this.#channels.onWritable();
  }

  onEnd(end: TransportEnd): void {
    this.#ended = true;
    this.#authentication.close();
    this.#globalRequests.close();
    this.#channels.onConnectionEnd();
    this.#authority.onEnd(end);
  }

  #onPing(payload: Buffer): void {
    const ping = Ping.decode(payload);
    if (ping === undefined) this.#transport.violation('PROTOCOL_ERROR', 'malformed ping');
    // As in OpenSSH, strangers are not answered; nobody waits for it.
    else if (this.authenticated) this.#transport.send(Pong.encode({ data: ping.data }));
  }

  #onServiceRequest(payload: Buffer): void {
    const request = ServiceRequest.decode(payload);
    if (request === undefined || this.#service === 'deciding' || this.authenticated) {
      this.#transport.violation('PROTOCOL_ERROR', 'malformed or untimely service request');
      return;
    }
    const { serviceName } = request;
    // Paramiko asks again before each attempt; it has been decided, and its leases are held.
    if (serviceName === this.#service) {
      this.#transport.send(ServiceAccept.encode({ serviceName }));
      return;
    }
    this.#service = 'deciding';
    this.#authority.decideService(serviceName, (granted) => {
      if (this.#ended) return;
      // Authentication is the only service that can be asked for; ssh-connection is what it leads to.
      if (!granted || serviceName !== 'ssh-userauth') {
        this.#transport.disconnect('SERVICE_NOT_AVAILABLE', 'the service is not available');
        return;
      }
      this.#service = 'ssh-userauth';
      this.#transport.send(ServiceAccept.encode({ serviceName }));
    });
  }

  #onAuthMessage(payload: Buffer): boolean {
    if (this.#service !== 'ssh-userauth') {
      this.#transport.violation('PROTOCOL_ERROR', 'authentication was not asked for as a service');
      return true;
    }
    return this.#authentication.onMessage(payload);
  }

  #onConnectionMessage(number: number, payload: Buffer): boolean {
    if (!this.authenticated) {
      this.#transport.violation('PROTOCOL_ERROR', 'a message of the connection protocol before authentication');
      return true;
    }
    switch (number) {
      case SSH_MSG.GLOBAL_REQUEST:
        this.#globalRequests.onRequest(payload);
        return true;
      case SSH_MSG.REQUEST_SUCCESS:
      case SSH_MSG.REQUEST_FAILURE:
        // Nothing was asked; an unsolicited answer is dropped, never queued.
        return true;
      default:
        return this.#channels.onMessage(payload);
    }
  }
}
